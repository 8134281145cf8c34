//! coconut-crypto 0.14.0 over arkworks: four messages, the first two hidden. Where something
//! arrives, it arrives as the crate's compressed encoding and is decoded with all checks.

use crate::text;
use ark_bls12_381::{Bls12_381, Fr, G1Affine, G1Projective};
use ark_ec::CurveGroup;
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use ark_std::rand::rngs::StdRng;
use ark_std::rand::SeedableRng;
use ark_std::UniformRand;
use blake2::Blake2b512;
use coconut_crypto::keygen::common::Threshold;
use coconut_crypto::keygen::shamir_ss;
use coconut_crypto::setup::SignatureParams;
use coconut_crypto::{
    AggregatedSignature, BlindSignature, CommitMessage, CommitmentOrMessage, MessagesPoK,
    MessagesPoKGenerator, PublicKey, SecretKey, Signature, SignaturePoK, SignaturePoKGenerator,
};
use dock_crypto_utils::randomized_pairing_check::RandomizedPairingChecker;
use schnorr_pok::pok_generalized_pedersen::compute_random_oracle_challenge;
use std::hint::black_box;

const MESSAGES: usize = 4;
const HIDDEN: usize = 2;
const THRESHOLD: u16 = 7;
const AUTHORITIES: u16 = 10;
/// Presentations in a batch.
const BATCH: usize = 64;
/// The context a proof is bound to: the crate leaves it to the caller's challenge.
const CONTEXT: &[u8] = b"gateway-7|nonce";

type Operation = fn(&mut Coconut) -> Result<usize, String>;

/// What can be timed, by its name in a request.
pub const OPERATIONS: [(&str, Operation); 6] = [
    ("verify", Coconut::verify),
    ("verify_batch", Coconut::verify_batch),
    ("sign", Coconut::sign),
    ("present", Coconut::present),
    ("aggregate", Coconut::aggregate),
    ("aggregate_decoded", Coconut::aggregate_decoded),
];

pub fn operation(name: &str) -> Result<Operation, String> {
    let found = OPERATIONS.iter().find(|(known, _)| *known == name);
    found.map(|(_, work)| *work).ok_or_else(|| format!("no operation is called {name}"))
}

pub struct Coconut {
    rng: StdRng,
    params: SignatureParams<Bls12_381>,
    key: PublicKey<Bls12_381>,
    authority: SecretKey<Fr>,
    authority_keys: Vec<PublicKey<Bls12_381>>,
    messages: Vec<Fr>,
    /// What signatures are made on. The crate takes it from its caller, who is to hash it; that
    /// hash is not timed.
    h: G1Affine,
    /// The request: `h` and the proof about the hidden messages.
    request: Vec<u8>,
    blindings: Vec<Fr>,
    blinded: Vec<Vec<u8>>,
    shares: Vec<BlindSignature<Bls12_381>>,
    signature: Signature<Bls12_381>,
    presentations: Vec<Vec<u8>>,
    next: usize,
}

impl Coconut {
    /// Deals keys, has a credential issued, and shows it as often as a batch is long.
    pub fn new() -> Result<Self, String> {
        let mut rng = StdRng::seed_from_u64(0);
        let params = SignatureParams::new::<Blake2b512>(b"benchmark", MESSAGES as u32);
        let threshold = Threshold::new(THRESHOLD, AUTHORITIES).ok_or("threshold")?;
        let (secret, authorities) =
            shamir_ss::deal(&mut rng, MESSAGES as u32, threshold).map_err(text)?;
        let key = PublicKey::new(&secret, &params);
        let messages: Vec<Fr> = (0..MESSAGES).map(|_| Fr::rand(&mut rng)).collect();
        let h = G1Projective::rand(&mut rng).into_affine();

        let generator =
            MessagesPoKGenerator::init(&mut rng, commit(&messages), &params, &h).map_err(text)?;
        let mut transcript = CONTEXT.to_vec();
        generator.challenge_contribution(&mut transcript, &params, &h).map_err(text)?;
        let proof = generator.gen_proof(&challenge(&transcript)).map_err(text)?;
        let mut request = encode(&h)?;
        request.extend(encode(&proof)?);

        let signers = &authorities[..THRESHOLD.into()];
        let mut this = Self {
            rng,
            authority: signers[0].clone(),
            authority_keys: signers.iter().map(|one| PublicKey::new(one, &params)).collect(),
            blindings: generator.blindings().copied().collect(),
            blinded: Vec::new(),
            shares: Vec::new(),
            // The dealer's, until the authorities' is there.
            signature: Signature::new(&mut StdRng::seed_from_u64(1), &messages, &secret, &params)
                .map_err(text)?,
            presentations: Vec::new(),
            next: 0,
            params,
            key,
            messages,
            h,
            request,
        };
        for one in signers {
            this.blinded.push(this.signed(one)?);
        }
        this.shares = this.decoded_shares()?;
        this.signature = this.aggregated(&this.shares)?;
        for _ in 0..BATCH {
            let shown = this.shown()?;
            this.presentations.push(shown);
        }
        this.refuses_a_wrong_message()?;
        Ok(this)
    }

    /// A presentation after the other, each alone.
    fn verify(&mut self) -> Result<usize, String> {
        self.next = (self.next + 1) % BATCH;
        self.verified(black_box(&self.presentations[self.next]), &self.messages)?;
        Ok(1)
    }

    /// All presentations at once: the crate combines their pairings and checks each proof of
    /// knowledge alone. Its Miller loops are put off to the end.
    fn verify_batch(&mut self) -> Result<usize, String> {
        let mut checker = RandomizedPairingChecker::new_using_rng(&mut self.rng, true);
        for presentation in black_box(&self.presentations) {
            let (proof, challenge) = self.received(presentation)?;
            proof
                .verify_with_randomized_pairing_checker(
                    &challenge,
                    revealed(&self.messages),
                    &self.key,
                    &self.params,
                    &mut checker,
                )
                .map_err(text)?;
        }
        if checker.verify() {
            Ok(BATCH)
        } else {
            Err("the batch was refused".into())
        }
    }

    /// An authority's whole work on a request.
    fn sign(&mut self) -> Result<usize, String> {
        black_box(self.signed(&self.authority)?);
        Ok(1)
    }

    fn present(&mut self) -> Result<usize, String> {
        black_box(self.shown()?);
        Ok(1)
    }

    /// A wallet's work on as many blind signatures as are needed.
    fn aggregate(&mut self) -> Result<usize, String> {
        black_box(self.aggregated(&self.decoded_shares()?)?);
        Ok(1)
    }

    /// The same, of signatures that are decoded already.
    fn aggregate_decoded(&mut self) -> Result<usize, String> {
        black_box(self.aggregated(black_box(&self.shares))?);
        Ok(1)
    }

    fn verified(&self, presentation: &[u8], messages: &[Fr]) -> Result<(), String> {
        let (proof, challenge) = self.received(presentation)?;
        proof.verify(&challenge, revealed(messages), &self.key, &self.params).map_err(text)
    }

    /// The proof in a presentation, and what it must answer to.
    fn received(&self, presentation: &[u8]) -> Result<(SignaturePoK<Bls12_381>, Fr), String> {
        let proof: SignaturePoK<Bls12_381> = decode(presentation)?;
        let mut transcript = CONTEXT.to_vec();
        proof.challenge_contribution(&mut transcript, &self.key, &self.params).map_err(text)?;
        Ok((proof, challenge(&transcript)))
    }

    fn shown(&mut self) -> Result<Vec<u8>, String> {
        let generator = SignaturePoKGenerator::init(
            &mut self.rng,
            commit(&self.messages),
            &self.signature,
            &self.key,
            &self.params,
        )
        .map_err(text)?;
        let mut transcript = CONTEXT.to_vec();
        generator.challenge_contribution(&mut transcript, &self.key, &self.params).map_err(text)?;
        encode(&generator.gen_proof(&challenge(&transcript)).map_err(text)?)
    }

    fn signed(&self, authority: &SecretKey<Fr>) -> Result<Vec<u8>, String> {
        let (h, proof): (G1Affine, MessagesPoK<Bls12_381>) = decode(black_box(&self.request))?;
        let mut transcript = CONTEXT.to_vec();
        proof.challenge_contribution(&mut transcript, &self.params, &h).map_err(text)?;
        proof.verify(&challenge(&transcript), HIDDEN..MESSAGES, &self.params, &h).map_err(text)?;
        let hidden = proof.commitments().copied().map(CommitmentOrMessage::BlindedMessage);
        let disclosed =
            self.messages[HIDDEN..].iter().copied().map(CommitmentOrMessage::RevealedMessage);
        encode(&BlindSignature::new(hidden.chain(disclosed), authority, &h).map_err(text)?)
    }

    fn decoded_shares(&self) -> Result<Vec<BlindSignature<Bls12_381>>, String> {
        black_box(&self.blinded).iter().map(|bytes| decode(bytes)).collect()
    }

    fn aggregated(
        &self,
        shares: &[BlindSignature<Bls12_381>],
    ) -> Result<Signature<Bls12_381>, String> {
        let mut signatures = Vec::with_capacity(shares.len());
        for (share, key) in shares.iter().zip(&self.authority_keys) {
            let blindings = self.blindings.iter().enumerate();
            signatures.push(share.clone().unblind(blindings, key, &self.h).map_err(text)?);
        }
        let aggregate = AggregatedSignature::new((1..).zip(&signatures), &self.h).map_err(text)?;
        aggregate.verify(&self.messages, &self.key, &self.params).map_err(text)?;
        Ok((*aggregate).clone())
    }

    /// What verifies must be able to fail, or the figures are worth nothing.
    fn refuses_a_wrong_message(&self) -> Result<(), String> {
        let mut messages = self.messages.clone();
        messages.swap(HIDDEN, HIDDEN + 1);
        for presentation in &self.presentations {
            self.verified(presentation, &self.messages)?;
            if self.verified(presentation, &messages).is_ok() {
                return Err("a presentation of other messages was accepted".into());
            }
        }
        Ok(())
    }
}

fn commit(messages: &[Fr]) -> impl Iterator<Item = CommitMessage<Fr>> + '_ {
    messages.iter().enumerate().map(|(i, message)| match i {
        0..HIDDEN => CommitMessage::BlindMessageRandomly(*message),
        _ => CommitMessage::RevealMessage,
    })
}

fn revealed(messages: &[Fr]) -> impl Iterator<Item = (usize, &Fr)> + Clone {
    messages.iter().enumerate().skip(HIDDEN)
}

fn challenge(transcript: &[u8]) -> Fr {
    compute_random_oracle_challenge::<Fr, Blake2b512>(transcript)
}

fn encode(value: &impl CanonicalSerialize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(value.compressed_size());
    value.serialize_compressed(&mut bytes).map_err(text)?;
    Ok(bytes)
}

fn decode<T: CanonicalDeserialize>(bytes: &[u8]) -> Result<T, String> {
    T::deserialize_compressed(bytes).map_err(text)
}
