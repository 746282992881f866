//! Alike: spellings that look the same are the same name.

use common::Name;

use super::name;

#[track_caller]
fn same(one: &str, other: &str) {
    assert_eq!(name(one), name(other), "{one} and {other}");
    assert!(name(one).matches(other) && name(other).matches(one));
}

/// Checks that the two are not two members: equal, or one of them is refused.
#[track_caller]
fn never_both(one: &str, other: &str) {
    if let (Ok(one), Ok(other)) = (one.parse::<Name>(), other.parse::<Name>()) {
        assert_eq!(one, other);
    }
}

#[test]
fn case_does_not_count() {
    same("Bob", "bOB");
    same("ÅSA", "åsa");
    same("NGUYỄN", "nguyễn");
    same("ƏLİ", "əli");
    same("ΟΔΥΣΣΕΥΣ", "οδυσσευς");
    same("ΕΛΈΝΗ", "ελένη");
    same("МАРИЯ", "мария");
    same("ПЁТР", "пётр");
    same("ԱՐԱՄ", "արամ");
    same("ՍԵՒԱԿ", "Սևակ");
    same("ᲜᲘᲜᲝ", "ნინო");
}

#[test]
fn letters_with_several_forms_are_one_letter() {
    // Whichever way the case of the Turkish letters is taken.
    for other in ["ısık", "ISIK", "İsik", "Işık".replace('ş', "s").as_str()] {
        same("isik", other);
    }
    for other in ["STRASSE", "strasse", "STRAẞE"] {
        same("Straße", other);
    }
    same("Σίσυφος", "ΣΊΣΥΦΟΣ");
    same("οδος", "οδοσ");
    // The capital letters are alike, so the small ones are equal.
    same("Đorđe", "Ðorðe");
    same("Ștefan", "Ştefan");
    same("Doğan", "Doǧan");
}

#[test]
fn letters_of_two_scripts_that_look_alike_are_equal() {
    same("сора", "copa");
    same("ВОВ", "BOB");
    same("ΑΝΝΑ", "ANNA");
    same("АННА", "AHHA");
    same("ΤΟΜ", "TOM");
    same("ΤΟΜ", "ТОМ");
    same("օս", "ou");
    same("ёж", "ёж");
    same("ನಯನ", "నయన");
    same("二", "ニ");
    same("ヘ", "へ");
    same("一", "ー");
}

#[test]
fn arabic_letters_of_one_form_are_equal() {
    same("علی", "علي");
    same("علی", "على");
    same("کریم", "كريم");
    same("ہما", "هما");
    same("نور۷", "نور٧");
    same("علی\u{200c}رضا", "علیرضا");
}

#[test]
fn one_look_has_one_name_in_india() {
    same("क\u{93c}मर", "\u{958}मर");
    same("জ\u{9df}", "জ\u{9af}\u{9bc}");
    same("ਸ਼ੇਰ", "ਸ\u{a3c}ੇਰ");
    same("க\u{bca}டி", "க\u{bc6}\u{bbe}டி");
    same("கௌசி", "கெளசி");
    same("ഗ\u{d4b}പി", "ഗ\u{d47}\u{d3e}പി");
    same("ශ්\u{200d}රී", "ශ්රී");
    never_both("आशा", "अ\u{93e}शा");
    never_both("ਉਮਾ", "\u{a73}\u{a41}ਮਾ");
    never_both("ආශා", "අ\u{dcf}ශා");
    never_both("ഔ", "ഒ\u{d57}");
    never_both("௧", "க");
    never_both("୦", "ଠ");
}

#[test]
fn one_look_has_one_name_in_south_east_asia() {
    same("แก้ว", "เเก้ว");
    same("น้ำ", "น\u{e49}\u{e4d}า");
    same("น้ำ", "น\u{e4d}\u{e49}า");
    same("ຄຳ", "ຄ\u{ecd}າ");
    same("ໜູ", "ຫນູ");
    same("\u{e19}\u{e34}\u{e49}ง", "\u{e19}\u{e49}\u{e34}ง");
    same("ကော", "က\u{102c}\u{1031}");
    same("ကို", "ကုိ");
    same("កោ", "ក\u{17c1}\u{17b6}");
    never_both("၀င်း", "ဝင်း");
}

#[test]
fn harakat_may_be_typed_in_any_order() {
    same("م\u{64f}ح\u{651}\u{64e}د", "م\u{64f}ح\u{64e}\u{651}د");
    same("ש\u{5c1}\u{5bc}", "ש\u{5bc}\u{5c1}");
}

#[test]
fn pairs_that_must_not_coexist() {
    for (one, other) in [
        ("b०b", "bob"),
        ("aǀice", "alice"),
        ("𝐛𝐨𝐛", "bob"),
        ("𝕓𝕠𝕓", "bob"),
        ("ｂｏｂ", "bob"),
        ("ﬁona", "fiona"),
        ("bͦb", "bob"),
        ("Zoe\u{308}", "Zoë"),
        ("\u{110c}\u{1161}\u{11a8}", "작"),
        ("か\u{3099}", "が"),
        ("bob\u{200b}", "bob"),
        ("bob\u{ad}", "bob"),
        ("bob\u{200c}", "bob"),
        ("bob\u{115f}", "bob"),
        ("bob\u{fe0f}", "bob"),
        ("ŀan", "lan"),
        ("ſam", "sam"),
        ("ǆon", "džon"),
        ("ⅠⅠ", "II"),
        ("b\u{43e}b", "bob"),
        ("ᏚᎪᎷ", "SAM"),
        ("ꓢꓮꓟ", "SAM"),
    ] {
        never_both(one, other);
    }
}

#[test]
fn names_that_look_different_are_different() {
    for (one, other) in [
        ("bob", "rob"),
        ("Zoë", "Zoe"),
        ("Đorđe", "Dorde"),
        ("şan", "san"),
        ("मीना", "मिना"),
        ("นา", "น่า"),
        ("かき", "がき"),
        ("ガキ", "がき"),
        ("محمد", "مخمد"),
        ("李", "季"),
        ("김", "킴"),
        ("_bob", "bob"),
        ("елена", "єлена"),
    ] {
        assert_ne!(name(one), name(other));
        assert!(!name(one).matches(other));
    }
}
