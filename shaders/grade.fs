/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Colour grade: exposure, contrast, warmth, saturation, and a palette laid over light and dark",
    "CREDIT": "livedream, CC0",
    "CATEGORIES": ["Colour"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "palette", "LABEL": "Palette", "TYPE": "long", "VALUES": [0, 1, 2, 3, 4, 5, 6],
            "LABELS": ["dusk", "ember", "glacier", "forest", "candy", "heat", "silver"], "DEFAULT": 0},
        {"NAME": "tint", "LABEL": "How much of it", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.7},
        {"NAME": "roll", "LABEL": "Roll through", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
        {"NAME": "exposure", "LABEL": "Exposure", "TYPE": "float", "MIN": -2.0, "MAX": 2.0, "DEFAULT": 0.1},
        {"NAME": "contrast", "LABEL": "Contrast", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.15},
        {"NAME": "warmth", "LABEL": "Warmth", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.0},
        {"NAME": "saturation", "LABEL": "Saturation", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 1.05}
    ]
}*/

vec3 hex(int c) { return vec3(float(c >> 16), float((c >> 8) & 255), float(c & 255)) / 255.0; }

vec3 five(int a, int b, int c, int d, int e, float x) {
    x *= 4.0;
    vec3 low = x < 1.0 ? hex(a) : x < 2.0 ? hex(b) : x < 3.0 ? hex(c) : hex(d);
    vec3 high = x < 1.0 ? hex(b) : x < 2.0 ? hex(c) : x < 3.0 ? hex(d) : hex(e);
    float part = min(x, 3.9999);
    return mix(low, high, smoothstep(0.0, 1.0, part - floor(part)));
}

vec3 toned(float x) {
    if (palette == 0) return five(0x0b0a24, 0x4a1a6b, 0xc2366b, 0xff8a4c, 0xffe9c2, x);
    if (palette == 1) return five(0x060303, 0x4a0c0a, 0xc23a0c, 0xffa01f, 0xfff3c4, x);
    if (palette == 2) return five(0x030a18, 0x0c3a5e, 0x2b8ca8, 0x9adbd9, 0xf6fffb, x);
    if (palette == 3) return five(0x05100c, 0x12402f, 0x4d8a3e, 0xc9c45a, 0xfff7d6, x);
    if (palette == 4) return five(0x1b0b3b, 0x6a1fd0, 0xff4fa3, 0x6fe3ff, 0xfffbe0, x);
    if (palette == 5) return five(0x02021a, 0x4b0f8f, 0xe0283c, 0xffb01a, 0xffffe8, x);
    return five(0x060709, 0x2e3238, 0x7b828a, 0xc4c8cc, 0xffffff, x);
}

void main() {
    vec4 here = IMG_THIS_PIXEL(inputImage);
    vec3 c = here.rgb * exp2(exposure * 0.5) * (1.0 + 0.25 * warmth * vec3(1.0, 0.1, -1.0));
    c = c / (1.0 + max(c - 0.8, 0.0));  // a shoulder instead of a cut
    c = mix(c, smoothstep(0.0, 1.0, c), contrast);
    float grey = dot(c, vec3(0.3, 0.55, 0.15));
    c = mix(vec3(grey), c, saturation);
    float x = clamp(mix(grey, max(max(c.r, c.g), c.b), 0.35), 0.0, 1.0);
    x = 1.0 - abs(1.0 - mod(x + 2.0 * roll, 2.0));
    vec3 laid = toned(x);
    gl_FragColor = vec4(mix(c, laid * 0.85 + laid * c * 0.3, tint), here.a);
}
