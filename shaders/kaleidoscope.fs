/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Kaleidoscope: one wedge of the dream, folded around the middle, turning slowly",
    "CREDIT": "livedream, CC0",
    "CATEGORIES": ["Geometry"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "wedges", "LABEL": "Wedges", "TYPE": "float", "MIN": 2.0, "MAX": 16.0, "DEFAULT": 6.0},
        {"NAME": "spin", "LABEL": "Spin", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.08},
        {"NAME": "turn", "LABEL": "Turn of the source", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.0},
        {"NAME": "zoom", "LABEL": "Zoom", "TYPE": "float", "MIN": 0.25, "MAX": 4.0, "DEFAULT": 0.6},
        {"NAME": "source", "LABEL": "Where it looks", "TYPE": "point2D", "MIN": [0, 0], "MAX": [1, 1], "DEFAULT": [0.4, 0.62]},
        {"NAME": "center", "LABEL": "Centre", "TYPE": "point2D", "MIN": [0, 0], "MAX": [1, 1], "DEFAULT": [0.5, 0.5]}
    ]
}*/

const float PI = 3.14159265;

void main() {
    vec2 shape = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 p = (isf_FragNormCoord - center) * shape;
    float wedge = PI / floor(wedges + 0.5);
    float angle = atan(p.y, p.x) + TIME * spin;
    angle = abs(mod(angle, 2.0 * wedge) - wedge) + (turn - 0.5) * PI;
    vec2 from = source + length(p) / zoom * vec2(cos(angle), sin(angle)) / shape;
    from = 1.0 - abs(1.0 - mod(from, 2.0));
    gl_FragColor = IMG_NORM_PIXEL(inputImage, from);
}
