/*{
    "ISFVSN": "2",
    "DESCRIPTION": "Glitch: torn lines, blocks that stay behind and colours that slip, in bursts",
    "CREDIT": "livedream, CC0",
    "CATEGORIES": ["Screen"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.45},
        {"NAME": "rate", "LABEL": "Changes a second", "TYPE": "float", "MIN": 0.5, "MAX": 30.0, "DEFAULT": 9.0},
        {"NAME": "tear", "LABEL": "Tearing", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
        {"NAME": "blocks", "LABEL": "Frozen blocks", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
        {"NAME": "split", "LABEL": "Colours apart", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
        {"NAME": "hit", "LABEL": "Hit", "TYPE": "event"}
    ],
    "PASSES": [{"TARGET": "held", "PERSISTENT": true}, {}]
}*/

float chance(vec3 p) {  // 0..1, the same again for the same p
    p = fract(p * vec3(0.1031, 0.1147, 0.0973) + 0.37);
    p += dot(p, p.zyx + 31.7);
    return fract((p.x + p.y) * p.z);
}

void main() {
    vec2 at = isf_FragNormCoord;
    float slot = floor(mod(TIME * rate, 4096.0));
    float strong = hit ? 1.0 : amount * mix(0.4, 1.0, smoothstep(0.4, 0.8, chance(vec3(floor(slot / 4.0), 7.0, 3.0))));
    vec2 grid = vec2(16.0, 9.0) * (chance(vec3(floor(slot / 5.0), 1.0, 9.0)) < 0.5 ? 1.0 : 2.0);
    vec2 block = floor(at * grid);
    if (PASSINDEX == 0) {  // blocks that keep what they had, carried on sideways and never quite right
        float luck = chance(vec3(block, floor(slot / 3.0)));
        vec2 move = (vec2(chance(vec3(block.y, 3.0, slot)), chance(vec3(block.x, 5.0, slot))) - 0.5) * vec2(0.5, 0.12);
        vec4 old = IMG_NORM_PIXEL(held, fract(at - move * TIMEDELTA * 2.0));
        vec4 live = IMG_NORM_PIXEL(inputImage, at);
        gl_FragColor = luck < strong * blocks * 0.5 && old.a > 0.5 ? vec4(old.rgb, 1.0) : vec4(live.rgb, 1.0);
        return;
    }
    float fine = floor(at.y * 180.0), coarse = floor(at.y * (6.0 + floor(8.0 * chance(vec3(slot, 2.0, 8.0)))));
    float torn = chance(vec3(coarse, slot, 1.0)) < strong * 0.6 ? chance(vec3(coarse, slot, 2.0)) - 0.5 : 0.0;
    torn += chance(vec3(fine, slot, 4.0)) < strong * 0.1 ? 0.3 * (chance(vec3(fine, slot, 5.0)) - 0.5) : 0.0;
    vec2 from = vec2(fract(at.x + torn * tear * 0.3), at.y);
    float apart = split * strong * 0.03 * (0.3 + chance(vec3(coarse, slot, 6.0)));
    vec4 c = IMG_NORM_PIXEL(held, from);
    c.r = IMG_NORM_PIXEL(held, from + vec2(apart, 0.0)).r;
    c.b = IMG_NORM_PIXEL(held, from - vec2(apart, 0.0)).b;
    float dropped = chance(vec3(floor(at * grid * vec2(0.25, 2.0)), slot));
    if (dropped < strong * blocks * 0.06) c.rgb = c.gbr * 1.15;
    gl_FragColor = vec4(c.rgb, 1.0);
}
