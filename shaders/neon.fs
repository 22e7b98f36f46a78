/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Neon: every edge a tube of light in its own colour, the rest nearly dark",
    "CREDIT": "livedream, CC0",
    "CATEGORIES": ["Drawing", "Light"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "width", "LABEL": "Width", "TYPE": "float", "MIN": 0.3, "MAX": 3.0, "DEFAULT": 1.0},
        {"NAME": "strength", "LABEL": "Strength", "TYPE": "float", "MIN": 0.0, "MAX": 3.0, "DEFAULT": 1.3},
        {"NAME": "glow", "LABEL": "Glow", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 1.2},
        {"NAME": "ground", "LABEL": "Picture behind", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.12},
        {"NAME": "hue", "LABEL": "Hue", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.0}
    ],
    "PASSES": [
        {"TARGET": "tubes", "WIDTH": "max($WIDTH/2, 2)", "HEIGHT": "max($HEIGHT/2, 2)"},
        {"TARGET": "across", "WIDTH": "max($WIDTH/8, 2)", "HEIGHT": "max($HEIGHT/8, 2)"},
        {"TARGET": "halo", "WIDTH": "max($WIDTH/8, 2)", "HEIGHT": "max($HEIGHT/8, 2)"},
        {}
    ]
}*/

vec3 turned(vec3 colour, float angle) {
    vec3 axis = vec3(0.57735);
    return colour * cos(angle) + cross(axis, colour) * sin(angle) + axis * dot(axis, colour) * (1.0 - cos(angle));
}

void main() {
    vec2 at = isf_FragNormCoord;
    if (PASSINDEX == 0) {
        vec2 d = width * 0.0035 * vec2(RENDERSIZE.y / RENDERSIZE.x, 1.0);
        vec3 here = IMG_NORM_PIXEL(inputImage, at).rgb;
        vec3 right = IMG_NORM_PIXEL(inputImage, at + vec2(d.x, 0.0)).rgb, left = IMG_NORM_PIXEL(inputImage, at - vec2(d.x, 0.0)).rgb;
        vec3 up = IMG_NORM_PIXEL(inputImage, at + vec2(0.0, d.y)).rgb, down = IMG_NORM_PIXEL(inputImage, at - vec2(0.0, d.y)).rgb;
        vec3 steep = abs(right - left) + abs(up - down);
        float edge = smoothstep(0.05, 0.32, max(max(steep.r, steep.g), steep.b));
        vec3 c = max(max(max(right, left), max(up, down)), here);
        float least = min(min(c.r, c.g), c.b), most = max(max(c.r, c.g), c.b);
        c = mix(c, (c - least) * min(1.0 / max(most - least, 0.05), 2.5), 0.7);
        gl_FragColor = vec4(clamp(turned(c, hue * 3.14159), 0.0, 1.0) * edge, 1.0);
        return;
    }
    int reach = PASSINDEX < 3 ? 6 : -7;
    if (PASSINDEX < 3) {
        vec2 way = vec2(1.0 / RENDERSIZE.x, 0.0);
        if (PASSINDEX == 2) way = vec2(0.0, 1.0 / RENDERSIZE.y);
        vec4 sum = vec4(0.0);
        for (int i = -reach; i <= reach; i++) {
            vec2 from = at + way * float(i);
            vec3 c = PASSINDEX == 1 ? IMG_NORM_PIXEL(tubes, from).rgb : IMG_NORM_PIXEL(across, from).rgb;
            sum += vec4(c, 1.0) * (exp(-float(i * i) / 10.0) + 0.12);
        }
        gl_FragColor = vec4(sum.rgb / sum.a, 1.0);
        return;
    }
    vec3 tube = IMG_NORM_PIXEL(tubes, at).rgb;
    vec3 around = IMG_NORM_PIXEL(halo, at).rgb;
    vec4 here = IMG_NORM_PIXEL(inputImage, at);
    float core = max(max(tube.r, tube.g), tube.b);
    vec3 c = here.rgb * ground + strength * (tube + 0.4 * core * core) + around * glow;
    gl_FragColor = vec4(1.0 - exp(-c * 1.35), 1.0);
}
