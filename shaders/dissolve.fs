/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Dissolve by light: the bright of the next picture comes first, the bright of this one goes last",
    "CREDIT": "livedream, CC0",
    "CATEGORIES": ["Transition"],
    "INPUTS": [
        {"NAME": "startImage", "TYPE": "image"},
        {"NAME": "endImage", "TYPE": "image"},
        {"NAME": "progress", "LABEL": "Progress", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
        {"NAME": "soft", "LABEL": "Softness", "TYPE": "float", "MIN": 0.02, "MAX": 1.0, "DEFAULT": 0.35},
        {"NAME": "glow", "LABEL": "Glow", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
        {"NAME": "dark", "LABEL": "The dark first", "TYPE": "bool", "DEFAULT": false}
    ]
}*/

void main() {
    vec4 before = IMG_THIS_NORM_PIXEL(startImage), after = IMG_THIS_NORM_PIXEL(endImage);
    vec3 weights = vec3(0.4, 0.4, 0.2);
    float turn = 0.5 + 0.5 * (dark ? -1.0 : 1.0) * (dot(before.rgb, weights) - dot(after.rgb, weights));
    float part = smoothstep(0.0, 1.0, clamp((progress * (1.0 + soft) - turn) / soft, 0.0, 1.0));
    vec4 c = mix(before, after, part);
    float edge = part * (1.0 - part) * 4.0 * glow;
    gl_FragColor = vec4(1.0 - (1.0 - c.rgb) * (1.0 - 0.75 * edge * mix(max(before.rgb, after.rgb), vec3(1.0, 0.9, 0.75), 0.3)), c.a);
}
