/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Chromatic split: the picture bent through glass, its colours apart towards the edges",
    "CREDIT": "livedream, CC0",
    "CATEGORIES": ["Colour"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35},
        {"NAME": "radial", "LABEL": "From the centre", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 1.0},
        {"NAME": "angle", "LABEL": "Angle", "TYPE": "float", "MIN": -180.0, "MAX": 180.0, "DEFAULT": 0.0},
        {"NAME": "breath", "LABEL": "Breathing", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.25},
        {"NAME": "center", "LABEL": "Centre", "TYPE": "point2D", "MIN": [0, 0], "MAX": [1, 1], "DEFAULT": [0.5, 0.5]}
    ]
}*/

const int COLOURS = 10;

void main() {
    vec2 at = isf_FragNormCoord;
    vec2 shape = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 p = (at - center) * shape;
    float straight = radians(angle);
    vec2 way = mix(0.35 * vec2(cos(straight), sin(straight)), p * (0.25 + 1.6 * dot(p, p)), radial);
    way *= 0.3 * amount * (1.0 + breath * sin(TIME * 1.3)) / shape;
    vec3 sum = vec3(0.0), weights = vec3(0.0);
    float cover = 0.0;
    for (int i = 0; i < COLOURS; i++) {  // from red to violet, each a little further out
        float x = (float(i) + 0.5) / float(COLOURS);
        vec3 weight = max(1.0 - abs(vec3(x - 0.12, x - 0.5, x - 0.88)) * 2.6, 0.0);
        vec4 c = IMG_NORM_PIXEL(inputImage, at + way * (x - 0.5));
        sum += c.rgb * weight;
        weights += weight;
        cover += c.a;
    }
    gl_FragColor = vec4(sum / weights, cover / float(COLOURS));
}
