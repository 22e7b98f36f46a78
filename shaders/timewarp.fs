/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Time displacement: every place of the picture has its own delay, by its brightness or where it is",
    "CREDIT": "livedream, CC0",
    "CATEGORIES": ["Time"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "delay", "LABEL": "Longest delay", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.7},
        {"NAME": "by", "LABEL": "By", "TYPE": "long", "VALUES": [0, 1, 2, 3],
            "LABELS": ["distance", "height", "darkness", "waves"], "DEFAULT": 3},
        {"NAME": "soft", "LABEL": "Blend", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 1.0},
        {"NAME": "center", "LABEL": "Centre", "TYPE": "point2D", "MIN": [0, 0], "MAX": [1, 1], "DEFAULT": [0.4, 0.5]}
    ],
    "PASSES": [
        {"TARGET": "past", "PERSISTENT": true, "WIDTH": "$WIDTH*1.5", "HEIGHT": "$HEIGHT*1.5"},
        {}
    ]
}*/

// The buffer holds 16 pictures of the last 1.6 seconds, a tenth of a second apart, in a square of 4 by 4.
const float EVERY = 0.1;

vec4 then(float number, vec2 at) {
    float slot = mod(number, 16.0);
    vec2 d = 2.0 / IMG_SIZE(past);
    return IMG_NORM_PIXEL(past, (vec2(mod(slot, 4.0), floor(slot / 4.0)) + clamp(at, d, 1.0 - d)) / 4.0);
}

void main() {
    vec2 at = isf_FragNormCoord;
    float now = TIME / EVERY + 0.045;  // off the times of frames, where rounding would decide
    if (PASSINDEX == 0) {
        vec2 tile = floor(at * 4.0);
        float slot = tile.x + 4.0 * tile.y;
        bool due = mod(floor(now) - slot, 16.0) < floor(now) - floor(now - TIMEDELTA / EVERY);
        vec4 old = IMG_NORM_PIXEL(past, at);
        gl_FragColor = due || old.a < 0.5 ? vec4(IMG_NORM_PIXEL(inputImage, fract(at * 4.0)).rgb, 1.0) : old;
        return;
    }
    vec4 live = IMG_NORM_PIXEL(inputImage, at);
    vec2 p = (at - center) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    float late;
    if (by == 0) late = length(p);
    else if (by == 1) late = at.y;
    else if (by == 2) late = 1.0 - dot(live.rgb, vec3(0.3, 0.55, 0.15));
    else late = 0.5 - 0.5 * cos(length(p) * 14.0 - TIME * 1.5);
    float back = clamp(late, 0.0, 1.0) * delay * 14.0;
    float number = now - back, below = floor(number), part = number - below;
    part = mix(step(0.5, part), part, soft);
    vec3 early = then(below, at).rgb;
    vec3 later = below + 1.0 > floor(now) ? live.rgb : then(below + 1.0, at).rgb;
    if (below + 1.0 > floor(now)) part = now > below ? clamp((number - below) / max(now - below, 0.001), 0.0, 1.0) : 1.0;
    gl_FragColor = vec4(mix(early, later, part), 1.0);
}
