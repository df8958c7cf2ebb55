import fc from "fast-check";
import { isUsername } from "../username.ts";

/** Names as people write them. All are usernames (P4). */
export const REAL_NAMES = {
  ascii: "bob.smith+x@example.org",
  hindi: "लक्ष्मीकांत",
  "hindi, with a nukta": "पड़ोसी",
  bengali: "বন্দ্যোপাধ্যায়",
  tamil: "தமிழ்ச்செல்வி",
  telugu: "వేంకటేశ్వర్లు",
  kannada: "ಕೃಷ್ಣಮೂರ್ತಿ",
  malayalam: "ശ്രീകുമാർ",
  gujarati: "જિજ્ઞેશ",
  punjabi: "ਗੁਰਪ੍ਰੀਤ",
  sinhala: "කුමාරි",
  thai: "ประเสริฐ_น้ำฝน",
  lao: "ບຸນມີ",
  khmer: "ស្រីពៅ",
  burmese: "အောင်ဆန်းစုကြည်",
  "burmese, six marks": "မျှော့်",
  tibetan: "བསྟནའཛིནརྒྱལམཚོ",
  arabic: "محمد",
  "arabic, with vowels": "مُحَمَّدٌ",
  persian: "علیرضا",
  hebrew: "שלום",
  "hebrew, with points": "שָׁלוֹם",
  vietnamese: "Nguyễn.Văn.Đức",
  yoruba: "Adébọ̀wálé",
  chinese: "李小龙",
  japanese: "さくらプー",
  "japanese, mixed": "佐藤ゆきTaro",
  korean: "김철수",
  greek: "Ἀλέξανδρος",
  cyrillic: "Дмитрий-Йовић",
  georgian: "გიორგი",
  armenian: "Հովհաննես",
  amharic: "ኃይለሥላሴ",
  cherokee: "ᏎᏉᏯ",
  mongolian: "ᠪᠠᠲᠤ",
  thaana: "މުހައްމަދު",
  nko: "ߒߞߏ",
  javanese: "ꦏꦿꦶꦱ꧀ꦤ",
} as const;

/** Characters of many kinds that names may contain. Few of each kind, so that random names are often almost equal. */
const LETTERS = [..."abAeéñßжёقع中가ｱＡ𝒜𠮷कறกကབאἈʼ"];
const MARKS = [..."\u0301\u0316ा\u093c\u094dิ้ှ်\u1039ེ\u064f\u0651\u05b8\u{1d165}"];
const OTHERS = [..."_.@+-019٣९"];

/** Any username, mostly short. */
export const username: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom(...LETTERS),
      fc.constantFrom(...OTHERS),
      fc
        .tuple(fc.constantFrom(...LETTERS), fc.array(fc.constantFrom(...MARKS), { maxLength: 6 }))
        .map(([letter, marks]) => letter + marks.join("")),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((parts) => parts.join("").normalize("NFC"))
  .filter(isUsername);
