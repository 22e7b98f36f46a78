/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Ink and wash: contours drawn with a brush, colour bled into paper",
    "CREDIT": "livedream, CC0; contours after Winnemöller, XDoG (2011)",
    "CATEGORIES": ["Drawing"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "line", "LABEL": "Line", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.85},
        {"NAME": "width", "LABEL": "Brush", "TYPE": "float", "MIN": 0.2, "MAX": 3.0, "DEFAULT": 1.0},
        {"NAME": "wash", "LABEL": "Wash", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.8},
        {"NAME": "fibre", "LABEL": "Paper grain", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
        {"NAME": "paper", "LABEL": "Paper", "TYPE": "color", "DEFAULT": [0.96, 0.93, 0.86, 1.0]},
        {"NAME": "ink", "LABEL": "Ink", "TYPE": "color", "DEFAULT": [0.07, 0.07, 0.13, 1.0]}
    ],
    "PASSES": [
        {"TARGET": "across", "WIDTH": "max($WIDTH/4, 2)", "HEIGHT": "max($HEIGHT/4, 2)"},
        {"TARGET": "soft", "WIDTH": "max($WIDTH/4, 2)", "HEIGHT": "max($HEIGHT/4, 2)"},
        {}
    ]
}*/

float grain(vec2 p) {  // value noise of two octaves, 0..1
    float sum = 0.0;
    int octaves = 2 + min(PASSINDEX, 0);  // not known to the compiler, which would unroll the loop
    for (int i = 0; i < octaves; i++) {
        vec2 cell = floor(p), part = p - cell;
        part *= part * (3.0 - 2.0 * part);
        vec4 corner = fract(sin(vec4(0.0, 1.0, 57.0, 58.0) + dot(cell, vec2(1.0, 57.0))) * 4371.97);
        sum += mix(mix(corner.x, corner.y, part.x), mix(corner.z, corner.w, part.x), part.y) * (i == 0 ? 0.65 : 0.35);
        p = p * 2.7 + 11.3;
    }
    return sum;
}

float luma(vec3 c) { return dot(c, vec3(0.3, 0.55, 0.15)); }

void main() {
    vec2 at = isf_FragNormCoord;
    int reach = PASSINDEX < 2 ? 4 : -5;
    if (PASSINDEX < 2) {
        vec2 way = vec2(1.0 / RENDERSIZE.x, 0.0);
        if (PASSINDEX == 1) way = vec2(0.0, 1.0 / RENDERSIZE.y);
        vec4 sum = vec4(0.0);
        for (int i = -reach; i <= reach; i++) {
            vec2 from = at + way * float(i) * width * 0.8;
            vec3 c = PASSINDEX == 0 ? IMG_NORM_PIXEL(inputImage, from).rgb : IMG_NORM_PIXEL(across, from).rgb;
            sum += vec4(c, 1.0) * exp(-float(i * i) / 7.0);
        }
        gl_FragColor = vec4(sum.rgb / sum.a, 1.0);
        return;
    }
    vec2 p = at * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0) * 90.0;
    float tooth = grain(p), edge = grain(p * 0.22) - 0.5;
    vec2 wobble = vec2(edge, grain(p * 0.22 + 40.0) - 0.5) * 0.004;
    vec3 here = IMG_NORM_PIXEL(inputImage, at + wobble).rgb;
    vec3 around = IMG_NORM_PIXEL(soft, at + wobble).rgb;
    // Colour: light keeps paper, dark takes pigment; the eye of the brush sees contrast, not darkness.
    float dark = luma(around);
    vec3 pure = around / max(max(max(around.r, around.g), around.b), 0.04);
    float load = clamp(0.92 - 0.8 * dark + edge * 0.35 + (tooth - 0.5) * 0.2 * fibre, 0.0, 1.0);
    load = mix(load, floor(load * 4.0 + 0.5) / 4.0, 0.4);
    vec3 pigment = mix(pure * pure * 0.82 + 0.13, vec3(luma(pure) * 0.6), 0.12);
    vec3 c = paper.rgb * mix(vec3(1.0), pigment, load * wash);
    c *= 1.0 - 0.07 * fibre * tooth;
    // Contours: where the picture is darker than its surroundings, and at steep light.
    float difference = luma(here) - luma(around);
    float stroke = smoothstep(0.012, 0.07, abs(difference) + (tooth - 0.5) * 0.02 * fibre);
    vec3 drawn = difference < 0.0 ? ink.rgb : mix(paper.rgb, pure * paper.rgb, 0.3);  // light is left as bare paper
    c = mix(c, drawn, stroke * line);
    gl_FragColor = vec4(c, 1.0);
}
