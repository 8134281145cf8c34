//! What each flag hunts, in Wycheproof's words.

use serde_json::{json, Value};

pub fn note(flag: &str) -> Value {
    let (bug_type, description, effect) = match flag {
        "BadAddress" => ("BASIC", "An address of no known type, or cut short.", "Reading out of bounds."),
        "BadCount" => ("BASIC", "A count that what follows does not hold.", "Reading out of bounds, or memory as the sender likes."),
        "BadFlag" => ("BASIC", "An envelope is sealed (1) or not (0).", ""),
        "BadLink" => ("BASIC", "A link where none can be, or to the set itself.", "Reassembly that does not end."),
        "BadPosition" => ("BASIC", "Not 1 <= position <= total.", "Writing out of bounds."),
        "BadRotation" => ("BASIC", "A rotation byte above 2.", ""),
        "BadSizeTag" => ("BASIC", "A tag of no packet size.", "A wrong length is read."),
        "BadText" => ("BASIC", "Not base58 of the right number of bytes.", "Two texts of one address."),
        "BadType" => ("BASIC", "A type or content tag of nothing.", ""),
        "BadVersion" => ("BASIC", "A frame of no known version.", ""),
        "BehindGood" => ("BASIC", "A bad frame behind a good one, which must come out.", "Packets are lost."),
        "Duplicate" => ("EDGE_CASE", "A fragment comes again before its message is complete.", "Bytes are doubled."),
        "EmptyPayload" => ("EDGE_CASE", "A fragment without payload.", ""),
        "Encoded" => ("DEFINED", "What is read is written as these bytes.", "The network does not understand us."),
        "EndMark" => ("EDGE_CASE", "The last 01 ends a message; what follows is not checked.", "Messages are cut or extended."),
        "ExtendedPacket" => ("DEFINED", "One of the network's larger packets.", ""),
        "Forged" => ("FORGERY", "Not what was sealed with this key.", "Anybody can send in a client's name."),
        "LinkedSets" => ("DEFINED", "A message of more than 255 fragments.", ""),
        "ManyFrames" => ("BASIC", "Frames follow each other without a gap.", ""),
        "MaterialLength" => ("BASIC", "Not a whole number of seeds.", "Reading out of bounds."),
        "Missing" => ("BASIC", "Not all fragments are there.", "A message with a gap."),
        "NegativeId" => ("BASIC", "Set ids are not negative.", ""),
        "NoEndMark" => ("BASIC", "No 01, or no message before it.", ""),
        "NoMixHops" => ("DEFINED", "The packet goes to its exit only.", ""),
        "NoSurbs" => ("EDGE_CASE", "An empty list that says how many seeds its SURBs have.", ""),
        "NoTopBit" => ("BASIC", "The top bit of an id in a fragment is set.", ""),
        "NotSealed" => ("FORGERY", "The flag says that the content is not sealed. The crate takes it; this library refuses it unless it is told to.", "Anybody can send in a client's name."),
        "OddKey" => ("DEFINED", "Any 32 bytes are an X25519 key here.", ""),
        "OddPoint" => ("DEFINED", "Unusual encodings of an Ed25519 key; those that the crate's lenient decoder takes keep their bytes.", "Addresses are refused that others use."),
        "OpaqueSurb" => ("DEFINED", "Whoever uses a SURB cannot tell whether it is one.", ""),
        "Order" => ("BASIC", "Packets overtake each other.", "Messages are lost or garbled."),
        "OtherLayout" => ("BASIC", "In the other one of the two layouts.", ""),
        "OtherTotal" => ("FORGERY", "A fragment that says another total than the first of its set.", "Reading or writing out of bounds."),
        "OutsideSet" => ("FORGERY", "A fragment whose position is outside its set.", "Writing out of bounds: the crate panics."),
        "RetiredType" => ("DEFINED", "Packet type 2 is known, and refused once the whole packet is there.", "What follows is lost."),
        "SeedCount" => ("DEFINED", "A SURB has one to five seeds, and a list says how many its SURBs have.", ""),
        "Separators" => ("BASIC", "Not one @, or not one . before it.", ""),
        "SetAgain" => ("EDGE_CASE", "Fragments of a message that has come out before.", "A message comes twice."),
        "ShortAddress" => ("BASIC", "Fewer bytes than the address has.", "Reading out of bounds."),
        "ShortEnvelope" => ("BASIC", "Fewer bytes than any envelope has.", "Reading out of bounds."),
        "ShortFragment" => ("BASIC", "Fewer bytes than the header has.", "Reading out of bounds."),
        "ShortList" => ("BASIC", "The list is cut short.", "Reading out of bounds."),
        "ShortMessage" => ("BASIC", "The message is cut short.", "Reading out of bounds."),
        "ShortMixPacket" => ("BASIC", "Fewer bytes than there are before the packet.", "Reading out of bounds."),
        "TrailingBytes" => ("DEFINED", "Bytes behind what was needed. Requests with such are refused, all else ignores them.", ""),
        "Waiting" => ("BASIC", "A frame that is not whole yet, good so far or too short to tell.", "Packets are lost."),
        "WrongKey" => ("DEFINED", "Another key gives another identifier: nothing is authenticated.", ""),
        "WrongLength" => ("BASIC", "A size of no packet, or not the size of the whole.", "Reading out of bounds."),
        "ZeroId" => ("BASIC", "Set ids are not zero.", ""),
        _ => panic!("{flag} has no note"),
    };
    if effect.is_empty() {
        return json!({"bugType": bug_type, "description": description});
    }
    json!({"bugType": bug_type, "description": description, "effect": effect})
}
