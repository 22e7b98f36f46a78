/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Stained glass: panes in lead, each a small lens over the dream, slowly changing places",
    "CREDIT": "livedream, CC0",
    "CATEGORIES": ["Drawing"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "panes", "LABEL": "Panes from top to bottom", "TYPE": "float", "MIN": 3.0, "MAX": 60.0, "DEFAULT": 14.0},
        {"NAME": "plain", "LABEL": "One colour each", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.7},
        {"NAME": "lead", "LABEL": "Lead", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4},
        {"NAME": "bevel", "LABEL": "Bevel", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
        {"NAME": "drift", "LABEL": "Drift", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.35}
    ]
}*/

vec2 chance(vec2 p) {
    vec3 q = fract(vec3(p.xyx) * vec3(0.1031, 0.1147, 0.0973) + 0.37);
    q += dot(q, q.zyx + 31.7);
    return fract((q.xx + q.yz) * q.zy);
}

void main() {
    vec2 shape = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 p = (isf_FragNormCoord - 0.5) * shape * panes;
    vec2 cell = floor(p);
    int count = 9 + PASSINDEX;  // not known to the compiler, which would unroll the loop
    float first = 9.0, second = 9.0;  // squared distances to the two nearest middles
    vec2 near = vec2(0.0), next = vec2(0.0);
    for (int i = 0; i < count; i++) {
        vec2 other = cell + vec2(float(i % 3), float(i / 3)) - 1.0;
        vec2 luck = chance(other);
        vec2 middle = other + 0.5 + 0.38 * sin(6.28318 * luck + TIME * drift * (0.5 + luck.yx));
        float far = dot(p - middle, p - middle);
        if (far < first) { second = first; next = near; first = far; near = middle; }
        else if (far < second) { second = far; next = middle; }
    }
    vec2 away = next - near;
    float border = (second - first) / (2.0 * max(length(away), 0.001));  // distance to the line between the two
    vec2 lens = near + (p - near) * (1.0 - plain);
    vec3 c = IMG_NORM_PIXEL(inputImage, lens / panes / shape + 0.5).rgb;
    float most = max(max(c.r, c.g), c.b);
    c *= 1.0 + 0.45 * (1.0 - most);  // light behind it
    float rim = smoothstep(0.28, 0.0, border) * bevel;
    c *= 1.0 + rim * 0.9 * dot(normalize(away + 0.0001), vec2(-0.6, 0.8)) + 0.25 * bevel * smoothstep(0.7, 0.0, first);
    float pixel = panes / RENDERSIZE.y;
    float pane = smoothstep(lead * 0.13 - pixel, lead * 0.13 + pixel, border);
    gl_FragColor = vec4(mix(vec3(0.02, 0.02, 0.03), c, lead > 0.0 ? pane : 1.0), 1.0);
}
