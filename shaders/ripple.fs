/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Ripple: the picture lies under water, and everything that moves in it makes waves",
    "CREDIT": "livedream, CC0",
    "CATEGORIES": ["Geometry"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "force", "LABEL": "Force", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
        {"NAME": "speed", "LABEL": "Speed", "TYPE": "float", "MIN": 0.1, "MAX": 1.0, "DEFAULT": 0.8},
        {"NAME": "life", "LABEL": "Seconds they last", "TYPE": "float", "MIN": 0.2, "MAX": 10.0, "DEFAULT": 2.5},
        {"NAME": "depth", "LABEL": "Depth", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
        {"NAME": "gloss", "LABEL": "Gloss", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
        {"NAME": "rain", "LABEL": "Rain", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.15}
    ],
    "PASSES": [
        {"TARGET": "water", "PERSISTENT": true, "FLOAT": true, "WIDTH": "120*$WIDTH/$HEIGHT", "HEIGHT": "120"},
        {}
    ]
}*/

// The wave equation on 120 lines, whatever the picture's size, so that waves are as fast everywhere.
// Red is the height, green its speed, blue how bright the picture was, alpha that there is water.
float chance(vec2 p) {
    vec3 q = fract(vec3(p.xyx) * vec3(0.1031, 0.1147, 0.0973) + 0.37);
    q += dot(q, q.zyx + 31.7);
    return fract((q.x + q.y) * q.z);
}

vec2 slope(vec2 at) {
    vec2 d = 1.0 / IMG_SIZE(water);
    return vec2(IMG_NORM_PIXEL(water, at + vec2(d.x, 0.0)).r - IMG_NORM_PIXEL(water, at - vec2(d.x, 0.0)).r,
                IMG_NORM_PIXEL(water, at + vec2(0.0, d.y)).r - IMG_NORM_PIXEL(water, at - vec2(0.0, d.y)).r);
}

void main() {
    vec2 at = isf_FragNormCoord;
    if (PASSINDEX == 0) {
        vec2 d = 1.0 / RENDERSIZE;
        vec4 old = IMG_NORM_PIXEL(water, at);
        vec3 c = IMG_NORM_PIXEL(inputImage, at).rgb;
        float light = dot(c, vec3(0.35, 0.45, 0.2));
        float around = IMG_NORM_PIXEL(water, at + vec2(d.x, 0.0)).r + IMG_NORM_PIXEL(water, at - vec2(d.x, 0.0)).r
                     + IMG_NORM_PIXEL(water, at + vec2(0.0, d.y)).r + IMG_NORM_PIXEL(water, at - vec2(0.0, d.y)).r;
        float dt = min(TIMEDELTA, 0.033), pace = 19.0 * speed;  // lines a second; above 21 it would not be stable
        float rise = old.g + (around - 4.0 * old.r) * pace * pace * dt;
        if (old.a > 0.5) rise += (light - old.b) * force * 30.0;
        float slot = floor(TIME * 6.0);  // a drop, six times a second at most
        bool falls = slot != floor((TIME - TIMEDELTA) * 6.0) && chance(vec2(slot, 3.0)) < rain;
        vec2 far = (at - vec2(chance(vec2(slot, 1.0)), chance(vec2(slot, 2.0)))) * RENDERSIZE;
        if (falls) rise -= 9.0 * exp(-dot(far, far) / 5.0);
        rise *= exp(-dt / life);
        gl_FragColor = vec4(clamp((old.r + rise * dt) * exp(-dt * 0.3), -2.0, 2.0), clamp(rise, -60.0, 60.0), light, 1.0);
        return;
    }
    vec2 steep = slope(at);
    vec4 c = IMG_NORM_PIXEL(inputImage, at - steep * depth * 0.12 * vec2(RENDERSIZE.y / RENDERSIZE.x, 1.0));
    float shine = dot(steep, vec2(-0.55, 0.83));
    c.rgb *= 1.0 + gloss * clamp(shine, -0.7, 0.7) * 0.8;
    gl_FragColor = vec4(c.rgb + gloss * pow(clamp(shine * 1.4, 0.0, 1.0), 3.0) * vec3(0.5, 0.6, 0.7), c.a);
}
