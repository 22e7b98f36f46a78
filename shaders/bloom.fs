/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Bloom: what is bright shines over what is dark, near and far, as through a wet lens",
    "CREDIT": "livedream, CC0",
    "CATEGORIES": ["Light"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "strength", "LABEL": "Strength", "TYPE": "float", "MIN": 0.0, "MAX": 4.0, "DEFAULT": 1.4},
        {"NAME": "threshold", "LABEL": "Threshold", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
        {"NAME": "reach", "LABEL": "Reach", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
        {"NAME": "tint", "LABEL": "Tint", "TYPE": "color", "DEFAULT": [1.0, 0.93, 0.86, 1.0]}
    ],
    "PASSES": [
        {"TARGET": "small", "WIDTH": "max($WIDTH/4, 2)", "HEIGHT": "max($HEIGHT/4, 2)"},
        {"TARGET": "smaller", "WIDTH": "max($WIDTH/12, 2)", "HEIGHT": "max($HEIGHT/12, 2)"},
        {"TARGET": "smallest", "WIDTH": "max($WIDTH/36, 2)", "HEIGHT": "max($HEIGHT/36, 2)"},
        {"TARGET": "wide", "WIDTH": "max($WIDTH/12, 2)", "HEIGHT": "max($HEIGHT/12, 2)"},
        {"TARGET": "near", "WIDTH": "max($WIDTH/4, 2)", "HEIGHT": "max($HEIGHT/4, 2)"},
        {}
    ]
}*/

// Light is added as light: pictures are squared when read, and buffers keep the root so that 8 bits are enough.
// Down: 16 points of the larger picture. Up: 9 points of the smaller one, laid over its own size. One loop for all,
// which no compiler unrolls.
vec3 read(vec2 at) {
    vec3 c;
    if (PASSINDEX == 0) {
        c = IMG_NORM_PIXEL(inputImage, at).rgb;
        c *= smoothstep(threshold * 0.75, threshold * 1.2 + 0.01, max(max(c.r, c.g), c.b));
    }
    else if (PASSINDEX == 1) c = IMG_NORM_PIXEL(small, at).rgb;
    else if (PASSINDEX == 2) c = IMG_NORM_PIXEL(smaller, at).rgb;
    else c = PASSINDEX == 3 ? IMG_NORM_PIXEL(smallest, at).rgb : IMG_NORM_PIXEL(wide, at).rgb;
    return c * c;
}

void main() {
    vec2 at = isf_FragNormCoord;
    if (PASSINDEX == 5) {
        vec4 here = IMG_NORM_PIXEL(inputImage, at);
        vec3 glow = IMG_NORM_PIXEL(near, at).rgb;
        glow *= glow * tint.rgb * strength;
        gl_FragColor = vec4(sqrt(1.0 - (1.0 - here.rgb * here.rgb) * exp(-glow)), min(here.a + dot(glow, vec3(0.5)), 1.0));
        return;
    }
    bool down = PASSINDEX < 3;
    int side = down ? 4 : 3;
    vec2 step_ = (down ? 0.4 : 1.0 / 3.0 * 1.2) / RENDERSIZE * (down ? 1.0 : 3.0);
    vec3 sum = vec3(0.0);
    float weights = 0.0;
    for (int i = 0; i < side * side; i++) {
        vec2 offset = vec2(float(i % side), float(i / side)) - 0.5 * float(side - 1);
        float weight = exp(-dot(offset, offset) * 0.35);
        sum += weight * read(at + offset * step_);
        weights += weight;
    }
    sum /= weights;
    if (PASSINDEX == 3) { vec3 c = IMG_NORM_PIXEL(smaller, at).rgb; sum = mix(c * c, sum, 0.25 + 0.7 * reach); }
    if (PASSINDEX == 4) { vec3 c = IMG_NORM_PIXEL(small, at).rgb; sum = mix(c * c, sum, 0.25 + 0.6 * reach); }
    gl_FragColor = vec4(sqrt(sum), 1.0);
}
