/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Duotone: printed in two inks, dark and light, with a third for what glows",
    "CREDIT": "livedream, CC0",
    "CATEGORIES": ["Colour"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "dark", "LABEL": "Dark", "TYPE": "color", "DEFAULT": [0.10, 0.03, 0.33, 1.0]},
        {"NAME": "light", "LABEL": "Light", "TYPE": "color", "DEFAULT": [1.0, 0.36, 0.42, 1.0]},
        {"NAME": "glow", "LABEL": "Glow", "TYPE": "color", "DEFAULT": [1.0, 0.95, 0.74, 1.0]},
        {"NAME": "contrast", "LABEL": "Contrast", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.55},
        {"NAME": "balance", "LABEL": "Balance", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.42},
        {"NAME": "original", "LABEL": "Own colour", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0}
    ]
}*/

void main() {
    vec4 here = IMG_THIS_PIXEL(inputImage);
    float x = dot(here.rgb, vec3(0.34, 0.5, 0.16));
    float narrow = mix(0.55, 0.16, contrast);
    float tone = smoothstep(balance - narrow, balance + narrow, x);
    float high = smoothstep(balance + 0.25, 1.0, x);
    vec3 c = mix(mix(dark.rgb * (0.4 + 0.9 * x / max(balance, 0.05)), light.rgb, tone), glow.rgb, high);
    gl_FragColor = vec4(mix(c, here.rgb, original), here.a);
}
