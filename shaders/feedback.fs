/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Video feedback: what is dark lets the past through, which flies outward, turns and drifts in hue",
    "CREDIT": "livedream, CC0",
    "CATEGORIES": ["Feedback"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "zoom", "LABEL": "Zoom", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.3},
        {"NAME": "turn", "LABEL": "Turn", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.18},
        {"NAME": "hue", "LABEL": "Hue drift", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.2},
        {"NAME": "life", "LABEL": "Seconds it lasts", "TYPE": "float", "MIN": 0.1, "MAX": 20.0, "DEFAULT": 5.0},
        {"NAME": "key", "LABEL": "Key", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.55},
        {"NAME": "center", "LABEL": "Centre", "TYPE": "point2D", "MIN": [0, 0], "MAX": [1, 1], "DEFAULT": [0.5, 0.5]}
    ],
    "PASSES": [{"TARGET": "past", "PERSISTENT": true}, {}]
}*/

vec3 turned(vec3 colour, float angle) {  // hue: a turn about the grey axis
    vec3 axis = vec3(0.57735);
    return colour * cos(angle) + cross(axis, colour) * sin(angle) + axis * dot(axis, colour) * (1.0 - cos(angle));
}

float noise(vec2 at) {  // 0..1, another for every pixel and frame
    vec3 p = fract(vec3(at.xyx) * 0.1031 + float(FRAMEINDEX & 1023) * 0.0713);
    p += dot(p, p.yzx + 33.33);
    return fract((p.x + p.y) * p.z);
}

void main() {
    vec2 at = isf_FragNormCoord;
    if (PASSINDEX == 1) {
        gl_FragColor = vec4(IMG_NORM_PIXEL(past, at).rgb, 1.0);
        return;
    }
    vec3 live = IMG_NORM_PIXEL(inputImage, at).rgb;
    vec2 shape = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    float angle = -turn * TIMEDELTA;
    vec2 from = (at - center) * shape;
    from = mat2(cos(angle), sin(angle), -sin(angle), cos(angle)) * from * exp(-zoom * TIMEDELTA);
    from = from / shape + center;
    from = 1.0 - abs(1.0 - abs(from));  // mirrored where it leaves the picture
    vec4 before = IMG_NORM_PIXEL(past, from);
    vec3 echo = turned(before.rgb, hue * TIMEDELTA * 3.0);
    // The past turns back into the present. What 8 bits cannot hold is left to chance, or slow change would stand still.
    echo = mix(live, echo, exp(-TIMEDELTA / life)) + (noise(gl_FragCoord.xy) - 0.5) / 255.0;
    float cover = smoothstep(key, key + 0.3, max(max(live.r, live.g), live.b));
    gl_FragColor = vec4(before.a < 0.5 ? live : clamp(mix(echo, live, cover), 0.0, 1.0), 1.0);
}
