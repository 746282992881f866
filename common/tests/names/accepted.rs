//! Accepted: names that people have, at least two for each script.

use super::accept;

/// The scripts, each with names of people. Some have digits of their own.
const NAMES: [(&str, &[&str]); 27] = [
    (
        "Latin",
        &[
            "A",
            "bob",
            "Ann-Marie",
            "r2.d2",
            "_x",
            "42",
            "Zoë",
            "Łukasz",
            "Nguyễn",
            "Ọlá",
            "Məmməd",
            "Þórður",
            "Đorđe",
            "Ştefan",
            "Ștefan",
            "Işık",
            "İbrahim",
            "Straße",
            "GROẞ",
            "Ngũgĩ",
            "Dvořák",
            "Saoirse",
            "Kŭng",
            "Ɛkow",
            "ɔsei",
            "Ƙofar",
            "Ŋuma",
            "Ḥasan",
            "Māris",
        ],
    ),
    (
        "Greek",
        &["Γιώργος", "Ελένη", "ΟΔΥΣΣΕΥΣ", "Μαΐου", "Αλέξης7"],
    ),
    (
        "Cyrillic",
        &[
            "Мария",
            "Пётр",
            "Їжак",
            "Әсел",
            "Өтгөн",
            "Љубица",
            "Андрей_2",
        ],
    ),
    ("Armenian", &["Արամ", "Սևակ", "Անահիտ"]),
    ("Georgian", &["ნინო", "გიორგი"]),
    ("Hebrew", &["דוד", "שרה", "מֹשֶׁה"]),
    (
        "Arabic",
        &[
            "محمد",
            "فاطمة",
            "علی",
            "پروین",
            "أحمد",
            "مُحَمَّد",
            "علی\u{200c}رضا",
            "نور٧",
        ],
    ),
    (
        "Devanagari",
        &["प्रिया", "अर्जुन", "ज़ोया", "श्रीकृष्ण", "राम२", "राम2"],
    ),
    (
        "Bengali",
        &[
            "সুমন",
            "অনিতা",
            "জয়",
            "জ\u{9af}\u{9bc}",
            "অ্যান্ড্রু",
            "চাঁদ",
            "রবি৭",
        ],
    ),
    ("Gurmukhi", &["ਗੁਰਪ੍ਰੀਤ", "ਹਰਜੀਤ", "ਸਿੰਘ", "ਸ਼ੇਰ"]),
    ("Gujarati", &["પ્રિયા", "જયેશ"]),
    ("Oriya", &["ସୁଭାଷ", "ମମତା", "ଗୌତମ"]),
    ("Tamil", &["தமிழ்", "முருகன்", "கௌசல்யா", "ஸ்ரீ"]),
    ("Telugu", &["రాజు", "లక్ష్మి", "కృష్ణ"]),
    ("Kannada", &["ಕುವೆಂಪು", "ಗಿರೀಶ್", "ಲಕ್ಷ್ಮೀ"]),
    ("Malayalam", &["മോഹൻ", "സൗമ്യ", "ലക്ഷ്മി"]),
    (
        "Sinhala",
        &["නිමල්", "කුමාර", "ශ්\u{200d}රී", "විද්\u{200d}යා", "චන්ද්\u{200d}රිකා"],
    ),
    ("Thai", &["น้อง", "สมชาย", "น้ำ", "เกี๊ยว", "แก้ว", "ปุ๊๙"]),
    ("Lao", &["ຄຳ", "ແກ້ວ", "ສົມສັກ", "ໜູ"]),
    ("Khmer", &["សុខា", "វិបុល", "ស្រីមុំ", "ច័ន្ទ"]),
    (
        "Myanmar",
        &["အောင်", "ကျော်", "သူဇာ", "စိုးမြင့်", "ကြွား", "မောင်၅"],
    ),
    ("Ethiopic", &["አበበ", "ፀሐይ", "ኃይሌ"]),
    ("Han", &["李雷", "佐々木", "山﨑", "𠮷野", "王5"]),
    ("Hiragana", &["さくら", "田中みどり", "わーい"]),
    (
        "Katakana",
        &["マリア", "スーパー", "鈴木アキ", "ドラえもん"],
    ),
    ("Bopomofo", &["ㄅㄆㄇ", "小ㄚ", "ㄌㄧㄌㄧ"]),
    ("Hangul", &["김민수", "한지우", "金수현"]),
];

#[test]
fn names_in_every_everyday_script_are_accepted() {
    for (script, names) in NAMES {
        assert!(names.len() >= 2, "{script}");
        for name in names {
            accept(name);
        }
    }
}

#[test]
fn blanks_around_a_name_are_dropped() {
    assert_eq!(super::name(" bob\r").as_str(), "bob");
    assert_eq!(super::name("\tbob  ").as_str(), "bob");
}

#[test]
fn four_marks_are_not_too_many() {
    accept("ကျော်");
    accept("ន្តុំ៖".trim_end_matches('៖'));
}

#[test]
fn the_limit_counts_characters_not_bytes() {
    accept(&"é".repeat(24));
    super::refuse(&"é".repeat(25), common::NameError::Long(25));
    super::refuse(&"x".repeat(1 << 20), common::NameError::Long(1 << 20));
}
