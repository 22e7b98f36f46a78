/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Scan lines: an old television, its glass bent, its beam wider where it is brighter",
    "CREDIT": "livedream, CC0",
    "CATEGORIES": ["Screen"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "lines", "LABEL": "Lines", "TYPE": "float", "MIN": 60.0, "MAX": 480.0, "DEFAULT": 120.0},
        {"NAME": "depth", "LABEL": "Depth of the lines", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.75},
        {"NAME": "mask", "LABEL": "Colour stripes", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35},
        {"NAME": "bend", "LABEL": "Bent glass", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35},
        {"NAME": "fringe", "LABEL": "Colours apart", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.3},
        {"NAME": "hum", "LABEL": "Hum", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.2}
    ]
}*/

vec3 beam(vec2 at, float row, float line) {  // light that the line `row` sends to this height
    vec2 from = vec2(at.x, (row + 0.5) / lines);
    float apart = fringe * 0.003;
    vec3 c = vec3(IMG_NORM_PIXEL(inputImage, from - vec2(apart, 0.0)).r, IMG_NORM_PIXEL(inputImage, from).g,
                  IMG_NORM_PIXEL(inputImage, from + vec2(apart, 0.0)).b);
    vec3 far = (line - row - 0.5) / mix(vec3(0.32), vec3(0.62), c);
    return c * c * exp(-far * far);
}

void main() {
    vec2 p = isf_FragNormCoord * 2.0 - 1.0;
    p *= 1.0 + bend * vec2(0.09, 0.13) * p.yx * p.yx;
    vec2 at = p * 0.5 + 0.5;
    vec2 edge = smoothstep(vec2(1.0), vec2(0.992), abs(p));
    float line = at.y * lines;
    float row = floor(line - 0.5);
    vec3 lit = beam(at, row, line) + beam(at, row + 1.0, line);
    vec3 plain = IMG_NORM_PIXEL(inputImage, at).rgb;
    // Lines finer than the screen's own pixels would only make patterns.
    float seen = depth * smoothstep(1.6, 2.6, RENDERSIZE.y / lines);
    vec3 c = mix(plain * plain, lit * 1.3, seen);
    vec3 stripe = max(cos((gl_FragCoord.x / max(floor(RENDERSIZE.y / 540.0), 1.0) / 3.0 - vec3(0.0, 0.333, 0.667)) * 6.28318), -0.5);
    c *= 1.0 + mask * stripe;
    c *= 1.0 + hum * 0.25 * sin(at.y * 5.0 - TIME * 3.0);
    c *= 1.0 - bend * 0.35 * dot(p * p, p * p);
    gl_FragColor = vec4(sqrt(c) * edge.x * edge.y, 1.0);
}
