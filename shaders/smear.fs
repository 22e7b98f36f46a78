/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Smear: bright pixels run down in threads, each at its own pace, as if the picture were sorted",
    "CREDIT": "livedream, CC0",
    "CATEGORIES": ["Time"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "threshold", "LABEL": "Threshold", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.62},
        {"NAME": "speed", "LABEL": "Speed", "TYPE": "float", "MIN": 0.05, "MAX": 2.0, "DEFAULT": 0.55},
        {"NAME": "life", "LABEL": "Seconds it lasts", "TYPE": "float", "MIN": 0.05, "MAX": 6.0, "DEFAULT": 0.6},
        {"NAME": "threads", "LABEL": "Threads", "TYPE": "float", "MIN": 20.0, "MAX": 480.0, "DEFAULT": 130.0},
        {"NAME": "angle", "LABEL": "Direction", "TYPE": "long", "VALUES": [0, 1, 2, 3],
            "LABELS": ["down", "up", "left", "right"], "DEFAULT": 0}
    ],
    "PASSES": [{"TARGET": "run", "PERSISTENT": true}, {}]
}*/

float chance(vec2 p) {
    vec3 q = fract(vec3(p.xyx) * vec3(0.1031, 0.1147, 0.0973) + 0.37);
    q += dot(q, q.zyx + 31.7);
    return fract((q.x + q.y) * q.z);
}

void main() {
    vec2 at = isf_FragNormCoord;
    vec4 old = vec4(0.0);
    if (PASSINDEX == 1) {
        gl_FragColor = vec4(IMG_NORM_PIXEL(run, at).rgb, 1.0);
        return;
    }
    vec3 live = IMG_NORM_PIXEL(inputImage, at).rgb;
    bool lying = angle > 1;
    float thread = floor((lying ? at.y : at.x * RENDERSIZE.x / RENDERSIZE.y) * threads);
    float luck = chance(vec2(thread, 3.0));
    float way = (angle == 0 || angle == 2 ? 1.0 : -1.0) * TIMEDELTA * speed * (0.3 + luck);
    vec2 from = at + (lying ? vec2(way, 0.0) : vec2(0.0, way));
    bool inside = all(equal(from, clamp(from, 0.0, 1.0)));
    old = inside ? IMG_NORM_PIXEL(run, from) : vec4(0.0);
    // The head of a thread keeps its strength in alpha and loses it with time; it shows where it outshines what is there.
    float lit = max(max(live.r, live.g), live.b);
    float keep = max(old.a - TIMEDELTA / life * (0.4 + 1.2 * chance(vec2(thread, 8.0))), 0.0);
    float shine = max(max(old.r, old.g), old.b);
    float cover = smoothstep(0.0, 0.5, keep) * smoothstep(lit - 0.05, lit + 0.15, shine) * step(0.5, luck);
    vec3 c = mix(live, old.rgb, cover);
    gl_FragColor = vec4(c, max(keep * cover, smoothstep(threshold, threshold + 0.15, lit)));
}
