//! Texts as words that are spelt in one way.

use crate::catalog::fold;

/// The words of a text, in lower case and without accents.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> {
    let folded = folded(text);
    let words: Vec<String> = folded.split_whitespace().map(str::to_owned).collect();
    words.into_iter()
}

/// The text in lower case and without accents, everything between words being one space.
pub(super) fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for character in text.chars().flat_map(char::to_lowercase).filter(|c| !fold::is_silent(*c)) {
        if !character.is_alphanumeric() {
            if !folded.is_empty() && !folded.ends_with(' ') {
                folded.push(' ');
            }
            continue;
        }
        match fold::plain(character) {
            Some(plain) => folded.push_str(plain),
            None => folded.push(bare(character)),
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

/// Letters that slugs keep as they are and that people search without their accents: of Vietnamese, Greek and Russian.
fn bare(letter: char) -> char {
    match letter {
        'ạ' | 'ả' | 'ấ' | 'ầ' | 'ẩ' | 'ẫ' | 'ậ' | 'ắ' | 'ằ' | 'ẳ' | 'ẵ' | 'ặ' => 'a',
        'ẹ' | 'ẻ' | 'ẽ' | 'ế' | 'ề' | 'ể' | 'ễ' | 'ệ' => 'e',
        'ỉ' | 'ị' => 'i',
        'ơ' | 'ọ' | 'ỏ' | 'ố' | 'ồ' | 'ổ' | 'ỗ' | 'ộ' | 'ớ' | 'ờ' | 'ở' | 'ỡ' | 'ợ' => {
            'o'
        }
        'ư' | 'ụ' | 'ủ' | 'ứ' | 'ừ' | 'ử' | 'ữ' | 'ự' => 'u',
        'ỳ' | 'ỵ' | 'ỷ' | 'ỹ' => 'y',
        'ά' => 'α',
        'έ' => 'ε',
        'ή' => 'η',
        'ί' | 'ϊ' | 'ΐ' => 'ι',
        'ό' => 'ο',
        'ύ' | 'ϋ' | 'ΰ' => 'υ',
        'ώ' => 'ω',
        'ς' => 'σ',
        'ё' => 'е',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_apostrophes_make_no_difference() {
        for (text, expected) in [
            ("  Crème  BRÛLÉE ", "creme brulee"),
            ("Cre\u{300}me", "creme"),
            ("LAMP_01/b", "lamp 01 b"),
            ("Men’s", "mens"),
            ("Straße", "strasse"),
            ("Phở Bò", "pho bo"),
            ("Καφές ΚΑΦΕΣ", "καφεσ καφεσ"),
            ("日本 茶", "日本 茶"),
            ("!?", ""),
        ] {
            assert_eq!(folded(text), expected, "{text}");
        }
        assert_eq!(words("a-b c").collect::<Vec<_>>(), ["a", "b", "c"]);
    }
}
