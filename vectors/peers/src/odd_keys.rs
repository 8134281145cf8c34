//! Public values that no honest node makes, and that a clever implementation may get wrong.

use crate::inputs::public_key;
use crate::randomness::Stream;
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::montgomery::MontgomeryPoint;

pub struct OddKey {
    pub flag: &'static str,
    pub comment: String,
    pub private_key: Option<[u8; 32]>,
    pub public_key: [u8; 32],
}

pub fn with_top_bit(mut key: [u8; 32]) -> [u8; 32] {
    key[31] |= 0x80;
    key
}

/// p = 2^255 - 19 plus a small number, little endian.
fn p_plus(offset: i16) -> [u8; 32] {
    let mut key = [0xff; 32];
    key[0] = (0xed + offset) as u8;
    key[31] = 0x7f;
    key
}

/// u = p + `small`, for small in 2..=18: the encodings X25519 must reduce (0 and 1 are low order).
pub fn non_canonical(small: i16) -> [u8; 32] {
    p_plus(small)
}

pub fn is_on_twist(u: &[u8; 32]) -> bool {
    MontgomeryPoint(*u).to_edwards(0).is_none()
}

/// The first point of the stream that is on the twist (or, if not `twist`, on the curve).
pub fn draw_point(label: &str, twist: bool) -> [u8; 32] {
    let mut stream = Stream::new(label);
    loop {
        let mut u: [u8; 32] = stream.array();
        u[31] &= 0x7f;
        if is_on_twist(&u) == twist {
            return u;
        }
    }
}

/// The 14 encodings of low order: 0, 1, -1 and the order-8 points, p and p + 1, with both top bits.
pub fn low_order() -> Vec<(String, [u8; 32])> {
    let mut one = [0; 32];
    one[0] = 1;
    let order_8 = |i: usize| EIGHT_TORSION[i].to_montgomery().to_bytes();
    let points = [
        ("0", [0; 32]),
        ("1", one),
        ("p - 1", p_plus(-1)),
        ("p", p_plus(0)),
        ("p + 1", p_plus(1)),
        ("a point of order 8", order_8(1)),
        ("the other point of order 8", order_8(3)),
    ];
    let both = |(name, u): (&str, [u8; 32])| {
        [(name.to_string(), u), (format!("{name}, top bit set"), with_top_bit(u))]
    };
    points.into_iter().flat_map(both).collect()
}

/// Odd keys that packets can be built to, low order included (the peers build to these as well).
pub fn odd_keys() -> Vec<OddKey> {
    let mut keys = Vec::new();
    let mut add = |flag, comment: String, private_key, public_key| {
        keys.push(OddKey { flag, comment, private_key, public_key });
    };
    let private_key = Stream::new("odd key").array();
    let honest = public_key(private_key);
    add("TopBitKey", "top bit set".into(), Some(private_key), with_top_bit(honest));
    for (order, index) in [(8, 1), (8, 3), (4, 2), (2, 4)] {
        let point = EdwardsPoint::mul_base_clamped(private_key) + EIGHT_TORSION[index];
        let public = point.to_montgomery().to_bytes();
        add("TorsionKey", format!("plus a point of order {order}"), Some(private_key), public);
    }
    let random = draw_point("random point on the curve", false);
    add("TorsionKey", "a random point of the curve".into(), None, random);
    for i in 0..3 {
        let point = draw_point(&format!("twist {i}"), true);
        add("TwistKey", "a random point of the twist".into(), None, point);
    }
    let top = with_top_bit(draw_point("twist top", true));
    add("TwistKey", "on the twist, top bit set".into(), None, top);
    for small in 2..=18 {
        let key = non_canonical(small);
        let place = if is_on_twist(&key) { "twist" } else { "curve" };
        add("NonCanonicalKey", format!("p + {small}, on the {place}"), None, key);
    }
    for (name, key) in low_order() {
        add("LowOrderKey", name, None, key);
    }
    keys
}
