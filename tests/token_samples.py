"""Texts of many kinds for judging the token estimate, with what real tokenizers count for them.

The counts are those of ``bpe_openai.get_encoding(name).count(text)`` (PyPI ``bpe-openai`` 0.1.4, which
carries OpenAI's tables with it); recorded, so that no test needs the 75 MB of that package.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sample:
    """A text and its length in tokens by o200k (GPT-4o and later) and cl100k (GPT-4)."""

    kind: str
    text: str
    o200k: int
    cl100k: int


_ENGLISH = (
    "The harbour was quiet when we arrived, and nobody could tell us whether the ferry had already left. "
    "A woman with a yellow umbrella said that the timetable had changed last week, but she wasn't sure. "
    "So we sat down on the wall, shared the last two oranges and watched the fishermen mend their nets. "
    "Half an hour later a small boat came in, and its captain offered to take us across for nothing. "
    "Could you please summarise this for me in three short sentences, and tell me what happens next? "
    "Thanks! I'd also like to know how long the crossing takes in bad weather."
)
_GERMAN = (
    "Der Hafen lag still, als wir ankamen, und niemand wusste, ob die Fähre schon abgelegt hatte. Eine Frau "
    "mit gelbem Regenschirm erzählte uns, dass der Fahrplan seit vergangener Woche geändert sei, ganz sicher "
    "war sie allerdings nicht. Also setzten wir uns auf die Mauer, teilten die letzten Apfelsinen und sahen den "
    "Fischern beim Ausbessern ihrer Netze zu. Könntest du mir bitte die Geschwindigkeitsbegrenzung auf der "
    "Landstraße und die Haftpflichtversicherung meines Kraftfahrzeugs erklären? Übrigens: Die Rechnung für "
    "die Straßenreinigung müssen wir bis übermorgen überweisen."
)
_FRENCH = (
    "Le port était calme quand nous sommes arrivés, et personne ne savait si le bateau était déjà parti. Une "
    "dame au parapluie jaune nous a expliqué que l'horaire avait changé la semaine dernière, mais elle n'en "
    "était pas certaine. Peux-tu me résumer cette histoire en trois phrases, s'il te plaît ? ¿Y podrías también "
    "traducirla al español, explicando qué significa cada expresión difícil? Muchísimas gracias, señora."
)
_RUSSIAN = (
    "Когда мы приехали, в гавани было тихо, и никто не мог сказать, ушёл ли уже паром. Женщина с жёлтым зонтом "
    "рассказала, что расписание изменилось на прошлой неделе, но сама она не была в этом уверена. Мы сели на "
    "стену, разделили последние апельсины и смотрели, как рыбаки чинят сети. Не могли бы вы кратко пересказать "
    "эту историю и объяснить, что произойдёт дальше? Спасибо большое за помощь!"
)
_ARABIC = (
    "كان الميناء هادئا عندما وصلنا ولم يعرف أحد ما إذا كانت العبارة قد غادرت بالفعل. قالت لنا امرأة تحمل مظلة "
    "صفراء إن المواعيد تغيرت في الأسبوع الماضي لكنها لم تكن متأكدة من ذلك. جلسنا على الجدار وتقاسمنا آخر "
    "برتقالتين وشاهدنا الصيادين وهم يصلحون شباكهم. هل يمكنك أن تلخص لي هذه القصة في ثلاث جمل قصيرة؟"
)
_HINDI = (
    "जब हम पहुँचे तो बंदरगाह शांत था और कोई नहीं बता सका कि नाव जा चुकी है या नहीं। पीली छतरी वाली एक महिला ने कहा "
    "कि समय सारणी पिछले हफ्ते बदल गई थी। क्या आप कृपया इस कहानी को तीन छोटे वाक्यों में समझा सकते हैं?"
)
_CHINESE = (
    "我们到达的时候，港口很安静，没有人知道渡船是不是已经开走了。一位打着黄色雨伞的女士告诉我们，时刻表上个星期改过，"
    "不过她自己也不太确定。于是我们坐在墙上，分吃了最后两个橙子，看着渔民修补渔网。请你用三句话概括这个故事，"
    "并且告诉我接下来会发生什么。另外，天气不好的时候过海需要多长时间？非常感谢您的帮助！"
)
_JAPANESE = (
    "私たちが着いたとき、港は静かで、フェリーがもう出発したのかどうか誰にも分かりませんでした。黄色い傘を持った女性が、"
    "先週から時刻表が変わったと教えてくれましたが、自信はなさそうでした。そこで塀に腰を下ろし、最後のオレンジを分け合いながら、"
    "漁師たちが網を繕うのを眺めていました。この話を三つの短い文に要約していただけますか。よろしくお願いします。"
)
_KOREAN = (
    "우리가 도착했을 때 항구는 조용했고 배가 이미 떠났는지 아무도 알지 못했습니다. 노란 우산을 든 여자가 지난주에 "
    "시간표가 바뀌었다고 말해 주었지만 확실하지는 않다고 했습니다. 이 이야기를 짧은 세 문장으로 요약해 주시겠어요? 감사합니다!"
)
_EMOJI = "🎉🎉 done! 👍🏽 👩‍👩‍👧‍👦 🇩🇪🇫🇷 😂😂😂 🚀 ship it 🛳️ ❤️ 🧑🏿‍🚀 ✅ ⚠️ 🤷‍♀️ 🥑🫠🦄 see you 👋"
_CODE = '''\
async def fetch_rows(pool: Pool, query: str, *args: object) -> list[Row]:
    """Run a query and return its rows, retrying once when the connection was lost."""
    for attempt in range(2):
        try:
            async with pool.acquire() as connection:
                return [Row(**record) for record in await connection.fetch(query, *args)]
        except ConnectionDoesNotExistError:
            if attempt == 1:
                raise
            logger.warning("connection lost, trying again (%d/%d)", attempt + 1, 2)
    return []


if (width > MAX_WIDTH && !isNaN(items[i].offsetLeft)) { node.style.setProperty("--x", `${dx}px`); }
for (size_t i = 0; i < n; ++i) { sum += *(p + i) ^ (mask << 3); }
'''
_JSON = (
    '{"id":"evt_8Zk2Qm","type":"invoice.paid","created":1760012345,"livemode":false,"data":{"object":'
    '{"customer":"cus_N4b9","amount_due":12900,"currency":"eur","lines":[{"price":"price_1M","quantity":3,'
    '"period":{"start":"2025-10-01T00:00:00Z","end":"2025-11-01T00:00:00Z"},"tax":null},{"price":"price_2Q",'
    '"quantity":1,"proration":true}],"metadata":{"order_no":"A-5531/7","note":"pay \\"later\\""}}}}'
)
_NUMBERS = (
    "3.14159265358979 2,718,281 0.57721566 1604 42 100000 7 19.99 65536 4294967296\n"
    "2025-10-09 14:22:07.331 +49 30 901820 192.168.100.17 8080 1e-9 -273.15 6.02e23\n"
    "12 15 18 21 24 27 30 33 36 39 42 45 48 51 54 57 60 63 66 69 72 75 78 81 84 87 90"
)
_MARKDOWN = """\
## What to pack

1. **Boots**, broken in
2. A *light* raincoat
   - and a spare one

| item | weight | price |
| ---- | -----: | ----: |
| tent |  1.9kg |  249€ |
| stove | 380 g | 59 €  |

> "Better too early than too late."

See [the list](https://example.org/lists/2025/packing?view=full#tent) and run `make pack`.
"""
_RANDOM = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 dGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcw=="

SAMPLES = (
    Sample("english", _ENGLISH, o200k=118, cl100k=120),
    Sample("german", _GERMAN, o200k=134, cl100k=166),
    Sample("french", _FRENCH, o200k=92, cl100k=107),
    Sample("russian", _RUSSIAN, o200k=108, cl100k=183),
    Sample("arabic", _ARABIC, o200k=95, cl100k=221),
    Sample("hindi", _HINDI, o200k=66, cl100k=205),
    Sample("chinese", _CHINESE, o200k=111, cl100k=181),
    Sample("japanese", _JAPANESE, o200k=131, cl100k=183),
    Sample("korean", _KOREAN, o200k=81, cl100k=126),
    Sample("emoji", _EMOJI, o200k=70, cl100k=96),
    Sample("code", _CODE, o200k=186, cl100k=181),
    Sample("json", _JSON, o200k=142, cl100k=140),
    Sample("numbers", _NUMBERS, o200k=143, cl100k=143),
    Sample("markdown", _MARKDOWN, o200k=111, cl100k=110),
    Sample("random", _RANDOM, o200k=67, cl100k=67),
)
