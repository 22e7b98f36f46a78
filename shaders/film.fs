/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Film: the curve of a print, red halos around light, a gate that never stands quite still, dust",
    "CREDIT": "livedream, CC0",
    "CATEGORIES": ["Screen"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "curve", "LABEL": "Print", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.8},
        {"NAME": "halo", "LABEL": "Halation", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
        {"NAME": "weave", "LABEL": "Gate weave", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.3},
        {"NAME": "dust", "LABEL": "Dust and scratches", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.3},
        {"NAME": "vignette", "LABEL": "Vignette", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.45},
        {"NAME": "flicker", "LABEL": "Flicker", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.15}
    ],
    "PASSES": [
        {"TARGET": "across", "WIDTH": "max($WIDTH/6, 2)", "HEIGHT": "max($HEIGHT/6, 2)"},
        {"TARGET": "light", "WIDTH": "max($WIDTH/6, 2)", "HEIGHT": "max($HEIGHT/6, 2)"},
        {}
    ]
}*/

float chance(vec2 p) {
    vec3 q = fract(vec3(p.xyx) * vec3(0.1031, 0.1147, 0.0973) + 0.37);
    q += dot(q, q.zyx + 31.7);
    return fract((q.x + q.y) * q.z);
}

void main() {
    vec2 at = isf_FragNormCoord;
    int reach = PASSINDEX < 2 ? 5 : -6;
    if (PASSINDEX < 2) {
        vec2 way = vec2(1.0 / RENDERSIZE.x, 0.0);
        if (PASSINDEX == 1) way = vec2(0.0, 1.0 / RENDERSIZE.y);
        float sum = 0.0, weights = 0.0;
        for (int i = -reach; i <= reach; i++) {
            float weight = exp(-float(i * i) / 9.0), c;
            if (PASSINDEX == 0) {
                vec3 rgb = IMG_NORM_PIXEL(inputImage, at + way * float(i)).rgb;
                c = smoothstep(0.55, 1.0, dot(rgb, vec3(0.4, 0.5, 0.1)));
            }
            else c = IMG_NORM_PIXEL(across, at + way * float(i)).r;
            sum += weight * c;
            weights += weight;
        }
        gl_FragColor = vec4(vec3(sum / weights), 1.0);
        return;
    }
    float slot = floor(mod(TIME * 24.0, 65536.0));  // a projector's 24 frames a second
    vec2 sway = vec2(sin(TIME * 2.1) + sin(TIME * 5.3), cos(TIME * 1.7) + sin(TIME * 7.9)) * 0.0008;
    sway += (vec2(chance(vec2(slot, 1.0)), chance(vec2(slot, 2.0))) - 0.5) * 0.0012;
    vec2 from = (at - 0.5) * (1.0 - 0.008 * weave) + 0.5 + sway * weave;
    vec4 here = IMG_NORM_PIXEL(inputImage, from);
    vec3 c = here.rgb;
    float halation = IMG_NORM_PIXEL(light, from).r;
    c = 1.0 - (1.0 - c) * (1.0 - halation * halo * vec3(0.55, 0.16, 0.05));
    // A print: lifted teal shadows, warm rolled-off lights, less colour in both.
    float grey = dot(c, vec3(0.3, 0.55, 0.15));
    vec3 print = mix(vec3(grey), c, 0.88 - 0.25 * grey * grey);
    print = print * print * (3.0 - 2.0 * print) * 0.55 + print * 0.45;
    print = mix(vec3(0.035, 0.05, 0.055), vec3(1.0, 0.965, 0.89), print);
    c = mix(c, print, curve);
    vec2 p = at * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 cell = floor(p * 7.0), spot = p * 7.0 - cell - 0.2 - 0.6 * vec2(chance(cell + slot), chance(cell + slot + 9.0));
    float speck = chance(cell * 3.1 + slot) < dust * 0.02 ? smoothstep(0.06, 0.03, length(spot * vec2(1.0, 0.5 + chance(cell)))) : 0.0;
    float lane = chance(vec2(floor(slot / 9.0), 5.0));
    float scratch = chance(vec2(floor(slot / 9.0), 6.0)) < dust * 0.5
        ? smoothstep(0.0012, 0.0004, abs(at.x - lane - 0.002 * sin(at.y * 9.0 + slot))) * chance(vec2(floor(at.y * 30.0), slot)) : 0.0;
    c = mix(c, vec3(0.06, 0.05, 0.04), speck * 0.85) + scratch * 0.3;
    vec2 corner = at - 0.5;
    c *= 1.0 - vignette * smoothstep(0.15, 0.75, dot(corner, corner) * 1.6);
    c *= 1.0 - flicker * 0.12 * chance(vec2(slot, 3.0));
    gl_FragColor = vec4(c, here.a);
}
