//! AES in the modes GCM, CBC and CTR, for whole messages.

use aes::cipher::block_padding::{NoPadding, Pkcs7};
use aes::cipher::{Block, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit, StreamCipher};
use aes::{Aes128, Aes192, Aes256};
use ctr::{Ctr32BE, Ctr64BE, Ctr128BE};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use subtle::ConstantTimeEq;

/// Bytes of a block.
pub const BLOCK: usize = 16;

/// What a mode needs beside key and IV.
pub struct Options {
    /// GCM's additional data.
    pub aad: Vec<u8>,
    /// GCM's tag, 4 to 16 bytes.
    pub tag: usize,
    /// Whether CBC pads.
    pub pads: bool,
    /// Bits of CTR's counter.
    pub counter: u32,
}

/// Why a message was refused.
pub enum Refused {
    Key,
    Iv,
    Message,
}

/// Runs a mode with a key of any length. `None` for an unknown mode.
pub fn aes(
    mode: &str,
    encrypt: bool,
    key: &[u8],
    iv: &[u8],
    data: Vec<u8>,
    options: &Options,
) -> Option<Result<Vec<u8>, Refused>> {
    match key.len() {
        16 => run::<Aes128>(mode, encrypt, key, iv, data, options),
        24 => run::<Aes192>(mode, encrypt, key, iv, data, options),
        32 => run::<Aes256>(mode, encrypt, key, iv, data, options),
        _ => Some(Err(Refused::Key)),
    }
}

fn run<C>(
    mode: &str,
    encrypt: bool,
    key: &[u8],
    iv: &[u8],
    data: Vec<u8>,
    options: &Options,
) -> Option<Result<Vec<u8>, Refused>>
where
    C: BlockCipherEncrypt
        + aes::cipher::BlockCipherDecrypt
        + KeyInit
        + aes::cipher::BlockSizeUser<BlockSize = aes::cipher::consts::U16>
        + Clone,
{
    Some(match (mode, encrypt) {
        ("gcm", true) => gcm_encrypt::<C>(key, iv, data, options),
        ("gcm", false) => gcm_decrypt::<C>(key, iv, data, options),
        ("cbc", true) => cbc_encrypt::<C>(key, iv, &data, options.pads),
        ("cbc", false) => cbc_decrypt::<C>(key, iv, &data, options.pads),
        ("ctr", _) => counter::<C>(key, iv, data, options.counter),
        _ => return None,
    })
}

fn cbc_encrypt<C>(key: &[u8], iv: &[u8], data: &[u8], pads: bool) -> Result<Vec<u8>, Refused>
where
    C: BlockCipherEncrypt + KeyInit,
{
    let cipher = cbc::Encryptor::<C>::new_from_slices(key, iv).map_err(|_| Refused::Iv)?;
    match pads {
        true => Ok(cipher.encrypt_padded_vec::<Pkcs7>(data)),
        false if !data.len().is_multiple_of(BLOCK) => Err(Refused::Message),
        false => Ok(cipher.encrypt_padded_vec::<NoPadding>(data)),
    }
}

fn cbc_decrypt<C>(key: &[u8], iv: &[u8], data: &[u8], pads: bool) -> Result<Vec<u8>, Refused>
where
    C: aes::cipher::BlockCipherDecrypt + KeyInit,
{
    let cipher = cbc::Decryptor::<C>::new_from_slices(key, iv).map_err(|_| Refused::Iv)?;
    let plain =
        if pads { cipher.decrypt_padded_vec::<Pkcs7>(data) } else { cipher.decrypt_padded_vec::<NoPadding>(data) };
    plain.map_err(|_| Refused::Message)
}

/// The counter is the last `bits` of the block. WebCrypto allows any number; those that libraries use are supported.
fn counter<C>(key: &[u8], iv: &[u8], mut data: Vec<u8>, bits: u32) -> Result<Vec<u8>, Refused>
where
    C: BlockCipherEncrypt + KeyInit + aes::cipher::BlockSizeUser<BlockSize = aes::cipher::consts::U16>,
{
    let applied = match bits {
        32 => Ctr32BE::<C>::new_from_slices(key, iv).map_err(|_| Refused::Iv)?.try_apply_keystream(&mut data),
        64 => Ctr64BE::<C>::new_from_slices(key, iv).map_err(|_| Refused::Iv)?.try_apply_keystream(&mut data),
        128 => Ctr128BE::<C>::new_from_slices(key, iv).map_err(|_| Refused::Iv)?.try_apply_keystream(&mut data),
        _ => return Err(Refused::Iv),
    };
    applied.map(|()| data).map_err(|_| Refused::Message)
}

/// GCM of NIST SP 800-38D, from its parts: CTR and GHASH. The crate `aes-gcm` fixes the IV's length at compile time, and
/// `node:crypto` is often used with 16 bytes.
struct Gcm<C: BlockCipherEncrypt + aes::cipher::BlockSizeUser<BlockSize = aes::cipher::consts::U16>> {
    cipher: C,
    hash: GHash,
    first: [u8; BLOCK],
}

impl<C> Gcm<C>
where
    C: BlockCipherEncrypt + KeyInit + aes::cipher::BlockSizeUser<BlockSize = aes::cipher::consts::U16>,
{
    fn new(key: &[u8], iv: &[u8]) -> Result<Self, Refused> {
        if iv.is_empty() {
            return Err(Refused::Iv);
        }
        let cipher = C::new_from_slice(key).map_err(|_| Refused::Key)?;
        let mut zero = Block::<C>::default();
        cipher.encrypt_block(&mut zero);
        let subkey: [u8; BLOCK] = zero.into();
        let hash = GHash::new(&subkey.into());
        let mut first = [0; BLOCK];
        if let Ok(short) = <[u8; 12]>::try_from(iv) {
            first[..12].copy_from_slice(&short);
            first[15] = 1;
        } else {
            let mut of_iv = hash.clone();
            of_iv.update_padded(iv);
            of_iv.update(&[lengths(0, iv.len()).into()]);
            first = of_iv.finalize().into();
        }
        Ok(Self { cipher, hash, first })
    }

    /// Encrypts or decrypts.
    fn apply(&self, key: &[u8], data: &mut [u8]) -> Result<(), Refused> {
        let mut counter = self.first;
        let [.., a, b, c, d] = counter;
        counter[12..].copy_from_slice(&u32::from_be_bytes([a, b, c, d]).wrapping_add(1).to_be_bytes());
        let mut stream = Ctr32BE::<C>::new_from_slices(key, &counter).map_err(|_| Refused::Iv)?;
        stream.try_apply_keystream(data).map_err(|_| Refused::Message)
    }

    fn tag(self, aad: &[u8], encrypted: &[u8]) -> [u8; BLOCK] {
        let mut hash = self.hash;
        hash.update_padded(aad);
        hash.update_padded(encrypted);
        hash.update(&[lengths(aad.len(), encrypted.len()).into()]);
        let mut tag: [u8; BLOCK] = hash.finalize().into();
        let mut mask: Block<C> = self.first.into();
        self.cipher.encrypt_block(&mut mask);
        tag.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
        tag
    }
}

/// Two lengths in bits.
fn lengths(first: usize, second: usize) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..8].copy_from_slice(&(first as u64 * 8).to_be_bytes());
    block[8..].copy_from_slice(&(second as u64 * 8).to_be_bytes());
    block
}

fn gcm_encrypt<C>(key: &[u8], iv: &[u8], mut data: Vec<u8>, options: &Options) -> Result<Vec<u8>, Refused>
where
    C: BlockCipherEncrypt + KeyInit + aes::cipher::BlockSizeUser<BlockSize = aes::cipher::consts::U16>,
{
    let gcm = Gcm::<C>::new(key, iv)?;
    gcm.apply(key, &mut data)?;
    let tag = gcm.tag(&options.aad, &data);
    data.extend(tag.iter().take(options.tag));
    Ok(data)
}

fn gcm_decrypt<C>(key: &[u8], iv: &[u8], mut data: Vec<u8>, options: &Options) -> Result<Vec<u8>, Refused>
where
    C: BlockCipherEncrypt + KeyInit + aes::cipher::BlockSizeUser<BlockSize = aes::cipher::consts::U16>,
{
    let length = data.len().checked_sub(options.tag).ok_or(Refused::Message)?;
    let given = data.split_off(length);
    let gcm = Gcm::<C>::new(key, iv)?;
    let mut plain = data.clone();
    gcm.apply(key, &mut plain)?;
    let tag = gcm.tag(&options.aad, &data);
    match bool::from(given.ct_eq(&tag[..options.tag])) {
        true => Ok(plain),
        false => Err(Refused::Message),
    }
}
