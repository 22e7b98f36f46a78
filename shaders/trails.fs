/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Trails: light lingers where it was, turning in colour and rising like smoke",
    "CREDIT": "livedream, CC0",
    "CATEGORIES": ["Feedback"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "seconds", "LABEL": "Seconds", "TYPE": "float", "MIN": 0.05, "MAX": 8.0, "DEFAULT": 1.0},
        {"NAME": "threshold", "LABEL": "Threshold", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.72},
        {"NAME": "hue", "LABEL": "Hue drift", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": -0.3},
        {"NAME": "wind", "LABEL": "Wind", "TYPE": "point2D", "MIN": [-0.5, -0.5], "MAX": [0.5, 0.5], "DEFAULT": [0.0, 0.06]},
        {"NAME": "waver", "LABEL": "Waver", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4}
    ],
    "PASSES": [{"TARGET": "smoke", "PERSISTENT": true, "WIDTH": "$WIDTH/2", "HEIGHT": "$HEIGHT/2"}, {}]
}*/

vec3 turned(vec3 colour, float angle) {
    vec3 axis = vec3(0.57735);
    return colour * cos(angle) + cross(axis, colour) * sin(angle) + axis * dot(axis, colour) * (1.0 - cos(angle));
}

float noise(vec2 at) {  // 0..1, another for every pixel and frame
    vec3 p = fract(vec3(at.xyx) * 0.1031 + float(FRAMEINDEX & 1023) * 0.0713);
    p += dot(p, p.yzx + 33.33);
    return fract((p.x + p.y) * p.z);
}

void main() {
    vec2 at = isf_FragNormCoord;
    vec4 here = IMG_NORM_PIXEL(inputImage, at);
    if (PASSINDEX == 0) {
        vec2 p = at * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
        vec2 air = vec2(sin(p.y * 9.0 + TIME * 0.7) + sin(p.y * 23.0 - TIME * 1.1 + p.x * 4.0),
                        cos(p.x * 8.0 - TIME * 0.6) + cos(p.x * 19.0 + TIME * 0.9 + p.y * 5.0));
        vec3 old = IMG_NORM_PIXEL(smoke, at - (wind + air * waver * 0.06) * TIMEDELTA).rgb;
        // What 8 bits cannot hold is left to chance, or slow change would stand still.
        old = turned(old, hue * TIMEDELTA * 3.0) * exp(-TIMEDELTA / seconds) + (noise(gl_FragCoord.xy) - 0.5) / 255.0;
        float most = max(max(here.r, here.g), here.b), least = min(min(here.r, here.g), here.b);
        vec3 lit = mix(here.rgb, (here.rgb - least) * most / max(most - least, 0.01), 0.5);  // purer than it was
        gl_FragColor = vec4(clamp(max(old, lit * smoothstep(threshold, threshold + 0.25, most)), 0.0, 1.0), 1.0);
        return;
    }
    vec3 trail = IMG_NORM_PIXEL(smoke, at).rgb;
    vec3 c = here.rgb + trail * (1.0 - here.rgb) * (1.0 - 0.6 * max(max(here.r, here.g), here.b));
    gl_FragColor = vec4(c, max(here.a, min(dot(trail, vec3(1.0)), 1.0)));
}
