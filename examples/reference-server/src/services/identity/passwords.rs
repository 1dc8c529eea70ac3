//! Passwords for users whom the installation sets up.

use commerce_adapters::password::OsSecrets;
use commerce_core::identity::{NoRandomness, Password, Secret, SecretSource};

/// A password that can be set and that no one can guess: some 89 random bits.
///
/// # Errors
/// When there is no randomness.
pub fn fresh_password() -> Result<Secret, NoRandomness> {
    loop {
        let random = OsSecrets.fresh()?;
        let letters: String = random.expose().chars().filter(char::is_ascii_alphanumeric).take(15).collect();
        let groups: Vec<_> = letters.as_bytes().chunks(5).map(String::from_utf8_lossy).collect();
        let text = groups.join("-");
        if letters.len() == 15 && Password::new(&*text).checked("").is_ok() {
            return Ok(Secret::new(text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_that_are_made_up_can_be_set() {
        let passwords: Vec<_> = (0..100).map(|_| fresh_password().unwrap()).collect();
        assert!(passwords.iter().all(|password| Password::new(password.expose()).checked("").is_ok()));
        assert!(passwords.windows(2).all(|two| two[0] != two[1]));
    }
}
