//! Stand-in for `getrandom` 0.4 that repeats itself: the stream of the 0.2 one. NOT random.

pub use getrandom_0_2::Error;
#[cfg(feature = "sys_rng")]
pub use rand_core;

pub fn fill(dest: &mut [u8]) -> Result<(), Error> {
    getrandom_0_2::getrandom(dest)
}

#[cfg(feature = "sys_rng")]
mod sys_rng {
    use super::{fill, Error};
    use rand_core::{TryCryptoRng, TryRng};

    #[derive(Clone, Copy, Debug, Default)]
    pub struct SysRng;

    impl TryRng for SysRng {
        type Error = Error;

        fn try_next_u32(&mut self) -> Result<u32, Error> {
            let mut bytes = [0; 4];
            fill(&mut bytes)?;
            Ok(u32::from_le_bytes(bytes))
        }

        fn try_next_u64(&mut self) -> Result<u64, Error> {
            let mut bytes = [0; 8];
            fill(&mut bytes)?;
            Ok(u64::from_le_bytes(bytes))
        }

        fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
            fill(dest)
        }
    }

    impl TryCryptoRng for SysRng {}
}
#[cfg(feature = "sys_rng")]
pub use sys_rng::SysRng;
