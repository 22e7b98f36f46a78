/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Mirror: one half of the picture twice, upright, lying, or both, along any line",
    "CREDIT": "livedream, CC0",
    "CATEGORIES": ["Geometry"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "angle", "LABEL": "Angle", "TYPE": "float", "MIN": -180.0, "MAX": 180.0, "DEFAULT": 0.0},
        {"NAME": "both", "LABEL": "Both ways", "TYPE": "bool", "DEFAULT": false},
        {"NAME": "shift", "LABEL": "Shift", "TYPE": "float", "MIN": -0.5, "MAX": 0.5, "DEFAULT": 0.0},
        {"NAME": "slide", "LABEL": "Slide", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
        {"NAME": "center", "LABEL": "Centre", "TYPE": "point2D", "MIN": [0, 0], "MAX": [1, 1], "DEFAULT": [0.5, 0.5]}
    ]
}*/

void main() {
    vec2 shape = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 p = (isf_FragNormCoord - center) * shape;
    float a = radians(angle);
    mat2 m = mat2(cos(a), sin(a), -sin(a), cos(a));
    p = p * m;
    p.x = -abs(p.x) + shift;
    if (both) p.y = abs(p.y);
    p = m * p;
    p.x += slide * sin(TIME * 0.4) * 0.4;
    vec2 from = p / shape + center;
    gl_FragColor = IMG_NORM_PIXEL(inputImage, 1.0 - abs(1.0 - mod(from, 2.0)));
}
