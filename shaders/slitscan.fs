/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Slit-scan: the present in a window, the past flowing out of it to both sides, line by line",
    "CREDIT": "livedream, CC0",
    "CATEGORIES": ["Time"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "speed", "LABEL": "Speed", "TYPE": "float", "MIN": 0.02, "MAX": 2.0, "DEFAULT": 0.22},
        {"NAME": "window", "LABEL": "Window", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.3},
        {"NAME": "place", "LABEL": "Place", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.45},
        {"NAME": "upright", "LABEL": "Up and down", "TYPE": "bool", "DEFAULT": false}
    ],
    "PASSES": [{"TARGET": "past", "PERSISTENT": true}, {}]
}*/

void main() {
    vec2 at = isf_FragNormCoord;
    vec4 before = IMG_NORM_PIXEL(past, at);
    if (PASSINDEX == 1) {
        gl_FragColor = vec4(before.rgb, 1.0);
        return;
    }
    vec4 live = IMG_NORM_PIXEL(inputImage, at);
    float size = upright ? RENDERSIZE.y : RENDERSIZE.x;
    float x = (upright ? at.y : at.x) - place;
    // Whole pixels, so that nothing blurs; what is left over waits for a later frame.
    float moved = floor(TIME * speed * size * 0.5) - floor((TIME - TIMEDELTA) * speed * size * 0.5);
    float inner = abs(x) - moved / size;
    vec2 from = at;
    if (upright) from.y = place + sign(x) * inner; else from.x = place + sign(x) * inner;
    bool shown = abs(x) < max(window * 0.5, (moved + 1.0) / size);
    vec4 old = IMG_NORM_PIXEL(past, from);
    gl_FragColor = shown || old.a < 0.5 ? vec4(live.rgb, 1.0) : old;
}
