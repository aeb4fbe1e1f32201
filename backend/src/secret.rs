//! Random texts: one-time links, cookies, worker tokens, ids.

use std::path::Path;
use store::Secret;

/// 256 random bits in hex.
pub fn new_secret() -> std::io::Result<Secret> {
    Ok(Secret(random_hex::<32>()?))
}

/// A short id: 40 random bits in hex; its owner refuses one that is taken.
pub fn new_id() -> std::io::Result<String> {
    random_hex::<5>()
}

fn random_hex<const BYTES: usize>() -> std::io::Result<String> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The secret in a file that only its owner can read; made where there is none.
pub fn kept_secret(path: &Path) -> std::io::Result<Secret> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    match std::fs::read_to_string(path) {
        Ok(text) if text.trim().len() == 64 => return Ok(Secret(text.trim().to_owned())),
        Ok(_) => std::fs::remove_file(path)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let secret = new_secret()?;
    let mut file = std::fs::File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(secret.0.as_bytes())?;
    Ok(secret)
}

/// Compares in a time that does not depend on where the texts differ.
pub fn same_secret(a: &str, b: &str) -> bool {
    // `blake3::Hash` compares in constant time.
    blake3::hash(a.as_bytes()) == blake3::hash(b.as_bytes())
}
