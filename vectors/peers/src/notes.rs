//! What each flag hunts, in Wycheproof's words.

use serde_json::{json, Value};

pub fn note(flag: &str) -> Value {
    let (bug_type, description, effect) = match flag {
        "BadLength" => ("BASIC", "Fewer bytes than any packet has.", "Reading out of bounds."),
        "BadRoutingFlag" => ("BASIC", "Authentic, but neither for a forward nor for a final hop.", ""),
        "ChangedLength" => ("DEFINED", "The payload was cut or extended on the way. No hop can notice; the message is lost at the end.", ""),
        "DelayLimits" => ("EDGE_CASE", "Delays are any 64-bit number.", "A delay held in a double or a signed integer is wrong."),
        "EndMark" => ("EDGE_CASE", "The last 01 ends the message; what follows is not checked.", "Messages are cut or extended."),
        "ExtendedPayload" => ("DEFINED", "The extended packet sizes of the network.", ""),
        "FlippedAlpha" => ("FORGERY", "A bit of alpha that counts is flipped.", "Packets can be tagged."),
        "FlippedMac" => ("FORGERY", "The header MAC is wrong.", "Headers can be forged."),
        "FlippedPayload" => ("DEFINED", "A bit of the payload is flipped. No hop can notice; the final payload is garbage from end to end.", "A payload that survives in part can be tagged."),
        "FlippedRouting" => ("FORGERY", "A bit of the encrypted routing information is flipped.", "Headers can be forged."),
        "LeadingZeros" => ("FORGERY", "The 16 zeros before the message are the payload's only integrity check.", "Tampered payloads are taken for messages."),
        "LegacyVersion" => ("DEFINED", "Versions 1 and 257 as sphinx-packet 0.8.0 reads them: explicit payload keys, clamped blinding.", ""),
        "LongMessage" => ("BASIC", "The message does not fit the payload.", "Messages are cut."),
        "LowOrderAlpha" => ("CONFIDENTIALITY", "Alpha has low order, so the shared secret is zero for every node. The crates accept this; this library refuses it.", "Anybody can make such packets, and their replay tags are all the same."),
        "LowOrderKey" => ("CONFIDENTIALITY", "A node's public key has low order. The crates build to it; this library refuses the key.", "The hop's secret is public."),
        "MaterialCount" => ("DEFINED", "A SURB holds one to five seeds, or one to five keys.", "Unbounded work for whoever uses a SURB."),
        "MaterialLength" => ("BASIC", "Not a whole number of seeds or keys.", "Reading out of bounds."),
        "MessageContent" => ("EDGE_CASE", "Messages that look like padding.", "Messages are cut or extended."),
        "ModLBlinding" => ("DEFINED", "Versions 1 and 257 as sphinx-packet 0.6.0 made them, with scalars reduced modulo the group order. Nobody sends these and this library does not build them: skip.", ""),
        "NoEndMark" => ("BASIC", "No 01 behind the leading zeros.", ""),
        "NonCanonicalAlpha" => ("EDGE_CASE", "Alpha is not reduced modulo p.", "Packets are lost, or the replay tag depends on the encoding."),
        "NonCanonicalKey" => ("EDGE_CASE", "A node's public key is not reduced modulo p.", "Packets differ from the peer's."),
        "OddAlpha" => ("EDGE_CASE", "Alpha is on the twist, or outside the prime-order subgroup.", "Packets are lost."),
        "OpaqueFields" => ("DEFINED", "Addresses and identifiers are not looked at.", ""),
        "OpaqueHeader" => ("DEFINED", "Whoever uses a SURB cannot tell whether its header is one.", ""),
        "OtherIdentifier" => ("DEFINED", "The identifier finds the recovery material and is no part of the keys.", ""),
        "OtherVersion" => ("EDGE_CASE", "Each layer has its own version bytes; any value is accepted.", "A wrong payload key, or a node that stops at a number it does not know."),
        "PayloadSize" => ("BASIC", "Too small a payload for the wide-block cipher or the padding.", ""),
        "Recoverable" => ("DEFINED", "Version 260: the SURB holds the last hop's seed only, and its creator opens the reply with the recovery material.", ""),
        "RecoveryLength" => ("BASIC", "Not an identifier and one to five seeds.", "Reading out of bounds."),
        "RepeatedHop" => ("EDGE_CASE", "A node occurs more than once on the route.", ""),
        "RouteLength" => ("BASIC", "A route has one to five hops.", ""),
        "ShortPayload" => ("BASIC", "Too short a payload to have been encrypted, or to be padded.", "Reading out of bounds."),
        "SwappedFlag" => ("DEFINED", "An authentic layer says it is for the other kind of hop. The parser goes by the flag alone.", ""),
        "TopBitAlpha" => ("MALLEABILITY", "X25519 ignores the top bit of alpha. The replay tag is the same.", "A replay filter keyed by alpha lets a packet through twice."),
        "TopBitKey" => ("EDGE_CASE", "A node's public key has its top bit set.", "Packets differ from the peer's."),
        "TorsionKey" => ("EDGE_CASE", "A node's public key is outside the prime-order subgroup.", "A sender that multiplies blinding factors modulo the group order makes other packets."),
        "TwistKey" => ("EDGE_CASE", "A node's public key is on the twist.", "A sender that multiplies blinding factors makes other packets."),
        "UnclampedSecret" => ("EDGE_CASE", "Secrets are clamped at use: these bits must not matter.", "Packets differ from the peer's."),
        "UnknownVersion" => ("DEFINED", "A version number without a meaning is processed like 259.", ""),
        "VersionByteZero" => ("DEFINED", "The first of the three version bytes is ignored.", "A debug build of the crates stops here."),
        "WholeKeys" => ("DEFINED", "A SURB with 192-byte keys, as version 258 makes them. sphinx-packet 0.8.0 no longer reads these; this library does.", ""),
        "WrongKey" => ("FORGERY", "Built for another node.", "Headers can be forged."),
        "WrongPayload" => ("FORGERY", "Not the payload of this reply.", "Tampered replies are taken for messages."),
        "WrongSeeds" => ("FORGERY", "Not the seeds of this SURB. The padding is the only sign.", "Garbage is taken for a message."),
        _ => panic!("{flag} has no note"),
    };
    if effect.is_empty() {
        return json!({"bugType": bug_type, "description": description});
    }
    json!({"bugType": bug_type, "description": description, "effect": effect})
}
