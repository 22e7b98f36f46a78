/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Rainbow road: a road of seven colours through the night, bending under rings of light",
    "CREDIT": "livedream, CC0",
    "CATEGORIES": ["Generator"],
    "INPUTS": [
        {"NAME": "speed", "LABEL": "Speed", "TYPE": "float", "MIN": 0.0, "MAX": 3.0, "DEFAULT": 1.0},
        {"NAME": "bend", "LABEL": "Bends", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.7},
        {"NAME": "hills", "LABEL": "Hills", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
        {"NAME": "rings", "LABEL": "Rings", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.8},
        {"NAME": "stars", "LABEL": "Stars", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
        {"NAME": "hue", "LABEL": "Hue", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0}
    ]
}*/

float chance(vec2 p) {
    vec3 q = fract(vec3(p.xyx) * vec3(0.1031, 0.1147, 0.0973) + 0.37);
    q += dot(q, q.zyx + 31.7);
    return fract((q.x + q.y) * q.z);
}

vec3 rainbow(float x) {  // 0 red to 1 violet
    x = fract(x);
    return clamp(abs(fract(x * 0.83 + vec3(0.0, 0.667, 0.333)) * 6.0 - 3.0) - 1.0, 0.0, 1.0);
}

vec2 way(float z) {  // the middle of the road, across and up, so far along it
    return vec2(bend * (4.5 * sin(z * 0.055) + 3.0 * sin(z * 0.023 + 1.0)), hills * (1.6 * sin(z * 0.061 + 0.6) + 1.2 * sin(z * 0.027)));
}

void main() {
    vec2 p = (isf_FragNormCoord - 0.5) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0) * 2.0;
    float along = TIME * speed * 9.0;
    vec2 eye = way(along);
    float lean = (way(along + 6.0).x - eye.x) * 0.06;
    p = mat2(cos(lean), -sin(lean), sin(lean), cos(lean)) * p + vec2(0.0, 0.15);
    vec2 ahead = (way(along + 9.0) - eye) / 9.0;  // looks along the road

    // Night: two clouds of colour and stars on a sphere far away.
    vec2 sky = p + ahead * 2.5;
    float cloud = sin(sky.x * 1.7 + sin(sky.y * 2.3 + TIME * 0.11) * 1.4) * sin(sky.y * 1.9 - TIME * 0.07 + sin(sky.x * 1.3));
    vec3 c = mix(vec3(0.03, 0.03, 0.13), vec3(0.28, 0.05, 0.36), smoothstep(-0.7, 0.9, cloud)) + vec3(0.0, 0.12, 0.22) * smoothstep(0.2, -0.9, cloud);
    for (int i = 0; i < 2; i++) {
        vec2 q = sky * (i == 0 ? 9.0 : 21.0), cell = floor(q);
        vec2 spot = q - cell - 0.25 - 0.5 * vec2(chance(cell), chance(cell + 31.0));
        float star = step(1.0 - 0.45 * stars, chance(cell + 77.0)) * (0.6 + 0.4 * sin(TIME * 3.0 + 20.0 * chance(cell)));
        c += star * rainbow(chance(cell + 5.0) + 0.1) * 0.02 / (0.02 + dot(spot, spot) * (i == 0 ? 22.0 : 9.0)) * smoothstep(0.25, 0.05, dot(spot, spot));
    }

    // The road: steps along the line of sight, each longer than the last, until it lies below the road.
    float z = 60.0, before = 0.8, above = 1.0;
    int steps = 26 + PASSINDEX;  // not known to the compiler, which would unroll the loops
    for (int i = 0; i < steps; i++) {
        float next = before * 1.19;
        float over = (p.y + ahead.y) * next - (way(along + next).y - eye.y - 1.15);
        if (over < 0.0) { z = mix(before, next, above / max(above - over, 0.0001)); break; }
        before = next;
        above = over;
    }
    float shown = smoothstep(60.0, 44.0, z);
    float x = p.x * z + eye.x + ahead.x * z - way(along + z).x;
    float lane = x / 4.4 + 0.5;
    float pixel = z / RENDERSIZE.y * 0.9 + 0.004;
    float inside = smoothstep(-pixel, pixel, lane) * smoothstep(1.0 + pixel, 1.0 - pixel, lane);
    float band = clamp(lane, 0.0, 0.9999) * 7.0;
    vec3 road = rainbow((floor(band) + 0.5) / 7.0 + hue);
    float seam = 0.5 - abs(fract(band) - 0.5);
    float tile = step(0.5, fract((along + z) * 0.2));
    road = road * (0.72 + 0.18 * tile) + smoothstep(7.0 * pixel + 0.06, 0.0, seam) * 0.35 + 0.08;
    road *= mix(1.0, 0.45, smoothstep(10.0, 60.0, z));
    float rail = exp(-abs(abs(lane - 0.5) - 0.5) * 4.4 / (0.1 + 0.02 * z)) * shown;
    c = mix(c, road, inside * shown) + rail * vec3(0.75, 0.9, 1.0) * 0.9;

    // Rings that stand over the road, one every 16 steps, from far to near.
    float first = 16.0 - mod(along, 16.0);
    for (int i = steps - 23; i >= 0; i--) {
        float far = first + 16.0 * float(i);
        vec2 middle = (way(along + far) - eye - ahead * far + vec2(0.0, 0.05)) / far;
        vec2 q = (p - middle) * far;
        float r = abs(length(q) - 3.6);
        float light = 0.03 / (0.03 + r * r * 2.4) * smoothstep(1.8, 0.4, r);
        light *= smoothstep(64.0, 30.0, far) * smoothstep(1.0, 4.0, far);
        float free = 1.0 - inside * shown * step(z, far);  // the road hides what stands behind it
        vec3 tint = rainbow(atan(q.y, q.x) / 6.28318 + 0.08 * (along + far) / 16.0 + hue);
        c += light * rings * free * (tint * 1.1 + 0.35);
    }
    gl_FragColor = vec4(1.0 - exp(-c * 1.25), 1.0);
}
