/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Spill: the next picture floods in over drifting clouds of noise, with a bright rim",
    "CREDIT": "livedream, CC0",
    "CATEGORIES": ["Transition"],
    "INPUTS": [
        {"NAME": "startImage", "TYPE": "image"},
        {"NAME": "endImage", "TYPE": "image"},
        {"NAME": "progress", "LABEL": "Progress", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
        {"NAME": "size", "LABEL": "Size of the clouds", "TYPE": "float", "MIN": 0.05, "MAX": 1.0, "DEFAULT": 0.3},
        {"NAME": "from", "LABEL": "From where", "TYPE": "point2D", "MIN": [0, 0], "MAX": [1, 1], "DEFAULT": [0.5, 0.5]},
        {"NAME": "pull", "LABEL": "From there outward", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
        {"NAME": "rim", "LABEL": "Rim", "TYPE": "color", "DEFAULT": [1.0, 0.85, 0.55, 1.0]}
    ]
}*/

float noise(vec2 p) {
    vec2 cell = floor(p), part = p - cell;
    part *= part * (3.0 - 2.0 * part);
    vec4 corner = fract(sin(vec4(0.0, 1.0, 57.0, 58.0) + dot(cell, vec2(1.0, 57.0))) * 4371.97);
    return mix(mix(corner.x, corner.y, part.x), mix(corner.z, corner.w, part.x), part.y);
}

void main() {
    vec2 shape = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 p = isf_FragNormCoord * shape / size;
    p += vec2(noise(p * 0.9 + TIME * 0.1), noise(p * 0.9 + 7.0 - TIME * 0.1)) * 1.2;
    float cloud = 0.55 * noise(p) + 0.28 * noise(p * 2.1 + 3.0) + 0.17 * noise(p * 4.3 + 5.0);
    float far = length((isf_FragNormCoord - from) * shape) / length(max(from, 1.0 - from) * shape);
    float turn = mix(cloud, 0.35 * cloud + 0.65 * far, pull);
    float wet = progress * 1.16 - 0.08 - turn;
    float part = smoothstep(-0.012, 0.012, wet);
    vec2 bend = vec2(dFdx(turn), dFdy(turn)) * RENDERSIZE.y * 0.004 * smoothstep(0.08, 0.0, abs(wet));
    vec4 before = IMG_NORM_PIXEL(startImage, isf_FragNormCoord + bend), after = IMG_NORM_PIXEL(endImage, isf_FragNormCoord - bend);
    float edge = exp(-abs(wet) * 55.0) + 0.35 * exp(-abs(wet) * 14.0);
    edge *= smoothstep(0.0, 0.04, progress) * smoothstep(1.0, 0.96, progress) * rim.a;
    vec4 c = mix(before, after, part);
    gl_FragColor = vec4(1.0 - (1.0 - c.rgb) * exp(-rim.rgb * edge * 0.9), c.a);
}
