"""The words for numbers, units and months in the main languages, and what they are worth. Data, and how it is looked up."""

from __future__ import annotations

import re

SMALL = """zero null zéro cero nul ноль|one eins ein eine einen einem einer un une uno una um uma een один одна одно|
two zwei deux dos due dois duas twee два две|three drei trois tres tre três drie три|four vier quatre cuatro quattro quatro четыре|
five fünf cinq cinco cinque vijf пять|six sechs seis sei zes шесть|seven sieben sept siete sette sete zeven семь|
eight acht huit ocho otto oito восемь|nine neun neuf nueve nove negen девять|ten zehn dix diez dieci dez tien десять|
eleven elf onze once undici одиннадцать|twelve zwölf douze doce dodici doze twaalf двенадцать dozen dutzend douzaine|
thirteen dreizehn treize trece tredici dertien тринадцать|fourteen vierzehn quatorze catorce quattordici veertien|
fifteen fünfzehn quinze quince quindici vijftien пятнадцать|sixteen sechzehn seize dieciséis sedici dezesseis zestien|
seventeen siebzehn dix-sept diecisiete diciassette dezessete zeventien|eighteen achtzehn dix-huit dieciocho diciotto dezoito achttien|
nineteen neunzehn dix-neuf diecinueve diciannove dezenove negentien"""
TENS = """twenty zwanzig vingt veinte venti vinte twintig двадцать|thirty dreißig dreissig trente treinta trenta trinta dertig тридцать|
forty vierzig quarante cuarenta quaranta quarenta veertig сорок|fifty fünfzig cinquante cincuenta cinquanta cinquenta vijftig пятьдесят|
sixty sechzig soixante sesenta sessanta sessenta zestig шестьдесят|seventy siebzig soixante-dix setenta settanta zeventig семьдесят|
eighty achtzig quatre-vingts quatre-vingt ochenta ottanta oitenta tachtig восемьдесят|
ninety neunzig quatre-vingt-dix noventa novanta negentig девяносто"""
SCALES = {
    1e2: "hundred hundert cent cents cien ciento cento honderd сто",
    1e3: "thousand thousands k tausend mille mil mila duizend тысяча тысячи тысяч тыс 千",
    1e4: "万 萬 만",
    1e5: "lakh lakhs",
    1e6: "million millions millionen mio mn millón millones milione milioni milhão milhões miljoen миллион миллиона миллионов млн",
    1e7: "crore crores",
    1e8: "億 亿 억",
    1e9: "billion billions bn milliarde milliarden mrd milliard milliards miliardo miliardi miljard миллиард миллиарда миллиардов млрд",
    1e12: "trillion trillions billionen 兆",
}
SHARES = {
    0.5: "half halves hälfte halb moitié mitad metà metade helft половина", 0.25: "quarter viertel quart cuarto",
    0.75: "three-quarters dreiviertel", 1.0: "single once", 2.0: "twice double doubled both pair couple doppelt", 3.0: "triple thrice",
}
PLAIN = {word: float(place) for place, row in enumerate(SMALL.split("|")) for word in row.split()}
PLAIN |= {word: 20.0 + 10 * place for place, row in enumerate(TENS.split("|")) for word in row.split()}
SCALE = {word: value for value, row in SCALES.items() for word in row.split()}
SHARE = {word: value for value, row in SHARES.items() for word in row.split()}
HAN = {char: float(place) for place, char in enumerate("〇一二三四五六七八九十")} | {"两": 2.0, "兩": 2.0, "零": 0.0}

DAY = 86400.0
UNITS = {
    "time": {1e-9: "ns nanosecond*", 1e-6: "µs μs us microsecond*",
             1e-3: "ms millisecond* millisekunde* milliseconde* milisegundo* мс 毫秒 ミリ秒",
             1.0: "s sec secs second seconds sekunde sekunden seconde secondes segundo segundos secondo secondi seconden секунд* 秒 초",
             60.0: "min mins minute minutes minuten minuto minutos minuti minuut минут* 分钟 分鐘 分間 분",
             3600.0: "h hr hrs hour hours stunde stunden heure heures hora horas ora ore uur час часа часов 小时 小時 時間 시간",
             DAY: "day days tag tage tagen jour jours día días giorno giorni dia dias dag dagen день дня дней 天 日間",
             7 * DAY: "week weeks woche wochen semaine semaines semana semanas settimana settimane weken недел* 周 週間 星期",
             30 * DAY: "month months monat monate monaten mois mes meses mese mesi mês maand maanden месяц* 个月 か月 ヶ月",
             365 * DAY: "year years jahr jahre jahren an ans année années año años anno anni ano anos jaar год года лет"},
    "data": {0.125: "bit bits", 1.0: "B byte bytes octet octets", 1e3: "KB kB kilobyte*", 2**10: "KiB kibibyte*",
             1e6: "MB megabyte*", 2**20: "MiB mebibyte*",
             1e9: "GB gigabyte*", 2**30: "GiB gibibyte*", 1e12: "TB terabyte*", 2**40: "TiB tebibyte*"},
    "length": {1e-9: "nm", 1e-3: "mm millimet*", 1e-2: "cm centimet*", 1.0: "metre metres meter meters mètre mètres metro metros метр*",
               1e3: "km kilomet* kilomèt* километр* 公里", 0.0254: "inch inches", 0.3048: "ft foot feet", 1609.344: "mile miles mi"},
    "mass": {1e-6: "mg milligram*", 1e-3: "g gram grams gramm", 1.0: "kg kilogram* kilo kilos килограмм*", 1e3: "tonne tonnes tonnen",
             0.45359: "lb lbs pound pounds"},
    "share": {0.01: "% percent prozent procent pour-cent por-ciento процент*"},
    "frequency": {1.0: "Hz hertz", 1e3: "kHz", 1e6: "MHz megahertz", 1e9: "GHz gigahertz"},
    "power": {1.0: "W watt watts", 1e3: "kW kilowatt*", 1e6: "MW megawatt*", 1e9: "GW gigawatt*"},
    "energy": {1.0: "Wh", 1e3: "kWh", 1e6: "MWh", 1e9: "GWh", 1e12: "TWh"},
    "warmth": {1.0: "°C celsius"}, "heat": {1.0: "°F fahrenheit"},
    "dollar": {1.0: "$ usd dollar dollars"}, "euro": {1.0: "€ eur euro euros"}, "pound": {1.0: "£ gbp"}, "yen": {1.0: "¥ jpy yen 円"},
}
TWICE = {1e3: 2.0**10, 1e6: 2.0**20, 1e9: 2.0**30, 1e12: 2.0**40}  # "KB" to some is 1024
UNIT = {word: (kind, factor) for kind, rows in UNITS.items() for factor, words in rows.items() for word in words.split()}
STEMS = {word[:-1]: meaning for word, meaning in UNIT.items() if word.endswith("*")}

MONTHS = """january jan januar janvier enero gennaio janeiro januari января|february feb februar février febrero febbraio fevereiro februari
февраля|march mar märz mars marzo março maart марта|april apr avril abril aprile апреля|may mai mayo maggio maio mei мая|june jun juni juin
junio giugno junho июня|july jul juli juillet julio luglio julho июля|august aug août agosto augustus августа|september sep sept septembre
septiembre settembre setembro сентября|october oct oktober okt octobre octubre ottobre outubro октября|november nov novembre noviembre
novembro ноября|december dec dezember dez décembre diciembre dicembre dezembro декабря"""
MONTH = {word: place for place, row in enumerate(MONTHS.split("|"), 1) for word in row.split()}


def scale_of(word: str, gap: str) -> float:
    """Of "million" and such; a "k" or "mn" stands close to its digits."""
    return SCALE.get(word.lower(), 0.0) if len(word) > 1 or not word.isascii() or not gap else 0.0


def unit_of(word: str) -> tuple[str, tuple[float, ...]]:
    """Which measure a word is, and its worth in the measure's base, in each way that it is meant."""
    low = word.lower()
    found = UNIT.get(word) or (UNIT.get(low) if len(low) > 2 else None) or next(
        (meaning for stem, meaning in STEMS.items() if low.startswith(stem)), None)
    if not found:
        return "", (1.0,)
    return found[0], (found[1], TWICE[found[1]]) if found[0] == "data" and found[1] in TWICE else (found[1],)


def in_letters(word: str) -> float | None:
    """The value of one written word, hyphens and German's units-before-tens included."""
    if word in PLAIN:
        return PLAIN[word]
    tens, _, ones = word.rpartition("-")
    if PLAIN.get(tens, 0) >= 20 and 0 < PLAIN.get(ones, 0) < 10:
        return PLAIN[tens] + PLAIN[ones]
    german = re.fullmatch(r"(\w+?)(?:und|en|ën)(\w+(?:zig|ßig|tig))", word)
    if german and german[1] in PLAIN and german[2] in PLAIN:
        return PLAIN[german[1]] + PLAIN[german[2]]
    return None
