//! nym-compact-ecash 2.0.0: a merchant's check of a payment of one ticket.

use crate::text;
use nym_compact_ecash::constants::{CRED_VALIDITY_PERIOD_DAYS, NB_TICKETS};
use nym_compact_ecash::scheme::Payment;
use nym_compact_ecash::setup::Parameters;
use nym_compact_ecash::tests::helpers::{
    generate_coin_indices_signatures, generate_expiration_date_signatures,
};
use nym_compact_ecash::{
    aggregate_verification_keys, aggregate_wallets, generate_keypair_user, issue, issue_verify,
    ttp_keygen, withdrawal_request, EncodedDate, PayInfo, VerificationKeyAuth,
};
use std::hint::black_box;

const THRESHOLD: u64 = 2;
const AUTHORITIES: u64 = 3;
const TICKET_TYPE: u8 = 1;
const SPEND_VALUE: u64 = 1;
/// Midnight of a day, as the crate wants it.
const SPEND_DATE: EncodedDate = 1_701_907_200;
const SECONDS_PER_DAY: u32 = 86_400;

pub struct Ecash {
    key: VerificationKeyAuth,
    pay_info: PayInfo,
    payment: Vec<u8>,
}

impl Ecash {
    /// Withdraws a ticket book of the usual size and spends its first ticket. How many authorities
    /// there are and how large the book is makes no difference to the check of a payment.
    pub fn new() -> Result<Self, String> {
        let expiration = SPEND_DATE + (CRED_VALIDITY_PERIOD_DAYS - 1) * SECONDS_PER_DAY;
        let parameters = Parameters::new(NB_TICKETS);
        let authorities = ttp_keygen(THRESHOLD, AUTHORITIES).map_err(text)?;
        let ids: Vec<u64> = (1..=AUTHORITIES).collect();
        let secrets: Vec<_> = authorities.iter().map(|pair| pair.secret_key()).collect();
        let keys: Vec<_> = authorities.iter().map(|pair| pair.verification_key()).collect();
        let key = aggregate_verification_keys(&keys, Some(&ids)).map_err(text)?;
        let dates = generate_expiration_date_signatures(expiration, &secrets, &keys, &key, &ids)
            .map_err(text)?;
        let coins = generate_coin_indices_signatures(&parameters, &secrets, &keys, &key, &ids)
            .map_err(text)?;

        let user = generate_keypair_user();
        let (request, state) =
            withdrawal_request(user.secret_key(), expiration, TICKET_TYPE).map_err(text)?;
        let mut shares = Vec::new();
        for (id, (secret, key)) in ids.iter().zip(secrets.iter().zip(&keys)) {
            let blinded = issue(secret, user.public_key(), &request, expiration, TICKET_TYPE)
                .map_err(text)?;
            shares.push(issue_verify(key, user.secret_key(), &blinded, &state, *id).map_err(text)?);
        }
        let mut wallet =
            aggregate_wallets(&key, user.secret_key(), &shares, &state).map_err(text)?;

        let pay_info = PayInfo { pay_info_bytes: [6; 72] };
        let payment = wallet
            .spend(
                &parameters,
                &key,
                user.secret_key(),
                &pay_info,
                SPEND_VALUE,
                &dates,
                &coins,
                SPEND_DATE,
            )
            .map_err(text)?;
        let other = PayInfo { pay_info_bytes: [7; 72] };
        if payment.spend_verify(&key, &other, SPEND_DATE).is_ok() {
            return Err("a payment to somebody else was accepted".into());
        }
        Ok(Self { key, pay_info, payment: payment.to_bytes() })
    }

    pub fn spend_verify(&self) -> Result<usize, String> {
        let payment = Payment::from_bytes(black_box(&self.payment)).map_err(text)?;
        payment.spend_verify(&self.key, &self.pay_info, SPEND_DATE).map_err(text)?;
        Ok(1)
    }
}
