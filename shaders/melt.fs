/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Displacement by the dream itself: its own hills of light bend it like poured glass",
    "CREDIT": "livedream, CC0",
    "CATEGORIES": ["Geometry"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.65},
        {"NAME": "swirl", "LABEL": "Along or across", "TYPE": "float", "MIN": -180.0, "MAX": 180.0, "DEFAULT": 65.0},
        {"NAME": "drift", "LABEL": "Drift", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.3},
        {"NAME": "gloss", "LABEL": "Gloss", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35}
    ],
    "PASSES": [
        {"TARGET": "hillsA", "WIDTH": "max($WIDTH/8, 2)", "HEIGHT": "max($HEIGHT/8, 2)", "FLOAT": true},
        {"TARGET": "hillsB", "WIDTH": "max($WIDTH/8, 2)", "HEIGHT": "max($HEIGHT/8, 2)", "FLOAT": true},
        {}
    ]
}*/

float hill(vec2 at) { return IMG_NORM_PIXEL(hillsB, at).r; }

vec2 slope(vec2 at) {
    vec2 d = 1.5 / IMG_SIZE(hillsB);
    float here = hill(at);
    return 2.0 * vec2(hill(at + vec2(d.x, 0.0)) - here, hill(at + vec2(0.0, d.y)) - here);
}

void main() {
    vec2 at = isf_FragNormCoord;
    int reach = PASSINDEX < 2 ? 6 : -7;  // not known to the compiler, which would unroll the loop
    if (PASSINDEX < 2) {  // the light, smoothed across, then down
        vec2 way = PASSINDEX == 0 ? vec2(1.0 / RENDERSIZE.x, 0.0) : vec2(0.0, 1.0 / RENDERSIZE.y);
        float sum = 0.0, weights = 0.0;
        for (int i = -reach; i <= reach; i++) {
            float weight = exp(-float(i * i) / 14.0);
            vec2 from = at + way * float(i);
            sum += weight * (PASSINDEX == 0 ? dot(IMG_NORM_PIXEL(inputImage, from).rgb, vec3(0.35, 0.45, 0.2))
                                            : IMG_NORM_PIXEL(hillsA, from).r);
            weights += weight;
        }
        gl_FragColor = vec4(sum / weights);
        return;
    }
    vec2 shape = vec2(RENDERSIZE.y / RENDERSIZE.x, 1.0);
    float angle = radians(swirl) + drift * 1.2 * sin(TIME * 0.5 + at.x * 3.0);
    mat2 round_ = mat2(cos(angle), sin(angle), -sin(angle), cos(angle));
    vec2 first = slope(at);
    vec2 from = at - round_ * first * amount * 0.5 * shape;
    from -= round_ * slope(from) * amount * 0.5 * shape;
    vec4 c = IMG_NORM_PIXEL(inputImage, from);
    float shine = dot(first, vec2(-0.6, 0.8)) * 8.0 * gloss;
    gl_FragColor = vec4(c.rgb * (1.0 + shine) + max(shine, 0.0) * 0.15, c.a);
}
