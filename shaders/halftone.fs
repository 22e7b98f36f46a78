/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Halftone: four inks in turned screens of dots on paper, or three lights on black",
    "CREDIT": "livedream, CC0",
    "CATEGORIES": ["Drawing"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "dots", "LABEL": "Dots from top to bottom", "TYPE": "float", "MIN": 20.0, "MAX": 200.0, "DEFAULT": 72.0},
        {"NAME": "turn", "LABEL": "Turn", "TYPE": "float", "MIN": -45.0, "MAX": 45.0, "DEFAULT": 0.0},
        {"NAME": "gain", "LABEL": "Dot size", "TYPE": "float", "MIN": 0.5, "MAX": 1.5, "DEFAULT": 1.0},
        {"NAME": "kind", "LABEL": "Kind", "TYPE": "long", "VALUES": [0, 1], "LABELS": ["ink", "light"], "DEFAULT": 0},
        {"NAME": "paper", "LABEL": "Paper", "TYPE": "color", "DEFAULT": [0.98, 0.95, 0.88, 1.0]}
    ]
}*/

// How much of this pixel a dot covers, of the screen turned by `angle`; `amount` says how much of the whole it covers.
float dot_(vec2 p, float angle, vec4 channel) {
    float a = radians(angle + turn);
    mat2 m = mat2(cos(a), sin(a), -sin(a), cos(a));
    vec2 q = m * p;
    vec2 cell = floor(q) + 0.5;
    vec2 from = (cell * m) / dots;  // back again: m is a turn, so this is its inverse
    vec3 c = IMG_NORM_PIXEL(inputImage, from / vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0) + 0.5).rgb;
    float amount;
    if (kind == 1) amount = dot(c * c, channel.rgb);
    else {
        vec3 inks = 1.0 - pow(c, vec3(0.48));
        float black = min(min(inks.r, inks.g), inks.b);
        amount = channel.a > 0.5 ? 0.7 * black * black : dot(inks * inks * 0.3 + inks * 0.7 - 0.7 * black * black, channel.rgb);
    }
    float radius = 0.72 * sqrt(clamp(amount, 0.0, 1.0)) * gain;
    float pixel = dots / RENDERSIZE.y;
    return clamp((radius - length(q - cell)) / pixel + 0.5, 0.0, 1.0) * smoothstep(0.0, 0.1, radius);
}

void main() {
    vec2 p = (isf_FragNormCoord - 0.5) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0) * dots;
    float first = dot_(p, 15.0, vec4(1.0, 0.0, 0.0, 0.0));
    float second = dot_(p, 75.0, vec4(0.0, 1.0, 0.0, 0.0));
    float third = dot_(p, 0.0, vec4(0.0, 0.0, 1.0, 0.0));
    if (kind == 1) {
        gl_FragColor = vec4(first, second, third, 1.0);
        return;
    }
    vec3 c = paper.rgb;
    c *= mix(vec3(1.0), vec3(0.0, 0.66, 0.93), first);
    c *= mix(vec3(1.0), vec3(0.93, 0.05, 0.55), second);
    c *= mix(vec3(1.0), vec3(1.0, 0.93, 0.05), third);
    c *= mix(1.0, 0.1, dot_(p, 45.0, vec4(0.0, 0.0, 0.0, 1.0)));
    gl_FragColor = vec4(c, 1.0);
}
