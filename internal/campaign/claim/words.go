package claim

// vocabulary is how a language speaks of what we know by itself. A word that ends in * stands for all that begin like
// it; words are compared without accents. Two words stand beside each other.
type vocabulary struct {
	thousand, million []string
	percent           []string
	goal              []string // a goal, and to reach it
	raised            []string // money that came in
	people            []string // who may give
	givers            []string // who did
	gives             []string
	today             []string
	soon              []string // days that are near: today, tomorrow
	numbers           []string // small numbers in words
	units             []string // of time
	pairs             []string // units that have their number in them: Arabic's two days
	leftBefore        []string // "noch" drei Tage
	leftAfter         []string // three days "left"
	last              []string
	ends              []string // something ends
	until             []string // before a date
	conditional       []string // what is not said to be so
}

// wordsOf are the words of the languages that readers are spoken to in.
var wordsOf = map[string]vocabulary{
	"en": {
		thousand: []string{"k", "thousand"}, million: []string{"m", "million", "millions"},
		percent: []string{"percent", "per cent"},
		goal:    []string{"goal", "goals", "target", "reach", "reached", "raise", "of the way"},
		raised:  []string{"raised", "collected", "donated", "so far", "already given", "came in", "come in"},
		people:  []string{"people", "readers", "reader", "subscribers", "neighbours", "neighbors", "others", "persons"},
		givers:  []string{"supporter*", "donor*", "backer*", "contributor*"},
		gives: []string{"give", "gave", "given", "gives", "giving", "support", "supports", "supported", "donate*", "contribute*",
			"chip", "chipped", "join", "joined", "back us"},
		today: []string{"today"}, soon: []string{"today", "tonight", "tomorrow"},
		numbers: []string{"a", "an", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
			"twelve", "thirteen", "fourteen", "few"},
		units:      []string{"day", "days", "hour", "hours", "week", "weeks", "minutes"},
		leftBefore: []string{"remaining"}, leftAfter: []string{"left", "remain", "remains", "remaining", "to go"},
		last: []string{"last", "final"}, ends: []string{"ends", "ending", "end", "closes", "closing", "deadline"},
		until:       []string{"until", "till", "by", "before", "through"},
		conditional: []string{"if", "could", "would", "imagine", "suppose"},
	},
	"es": {
		thousand: []string{"mil"}, million: []string{"millon", "millones"},
		percent: []string{"por ciento", "porciento"},
		goal:    []string{"objetivo*", "meta", "alcanzar", "alcanzado", "llegar a", "recaudar", "reunir"},
		raised:  []string{"recaudad*", "reunid*", "recibid*", "hasta ahora", "ya llevamos", "donado", "llevamos"},
		people:  []string{"personas", "lectores", "lectoras", "suscriptores", "suscriptoras", "gente", "vecinos"},
		givers:  []string{"donante*", "colaborador*", "mecenas", "socios", "socias"},
		gives: []string{"da", "dan", "dio", "dieron", "dado", "apoy*", "dona", "donan", "donar*", "donado", "contribu*", "aport*", "colabor*", "unase", "unete",
			"sumese", "sumate"},
		today: []string{"hoy"}, soon: []string{"hoy", "manana", "esta noche"},
		numbers: []string{"un", "una", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez", "once",
			"doce", "trece", "catorce", "pocos", "pocas"},
		units:      []string{"dia", "dias", "hora", "horas", "semana", "semanas", "minutos"},
		leftBefore: []string{"queda", "quedan", "falta", "faltan", "resta", "restan"}, leftAfter: []string{"restantes"},
		last: []string{"ultimo*", "ultima*"}, ends: []string{"termina", "acaba", "finaliza", "cierra", "vence", "plazo", "fin"},
		until:       []string{"hasta", "antes"},
		conditional: []string{"si", "podriamos", "podria", "imagine*"},
	},
	"de": {
		thousand: []string{"tsd", "tausend"}, million: []string{"mio", "million", "millionen"},
		percent: []string{"prozent"},
		goal:    []string{"ziel", "ziels", "ziele", "erreich*", "spendenziel*", "sammeln", "zusammenbekommen"},
		raised: []string{"gesammelt*", "eingegangen*", "zusammengekommen", "gespendet*", "eingenommen", "bisher", "bereits",
			"zusammen"},
		people: []string{"menschen", "leser*", "abonnent*", "personen", "leute", "nachbar*"},
		givers: []string{"unterstutzer*", "spender*", "forder*", "unterstutzende*", "spendende*"},
		gives: []string{"gebe*", "gibt", "gab", "gaben", "gegeben", "unterstutz*", "spend*", "gespendet", "beteilig*",
			"mitgemacht", "dabei"},
		today: []string{"heute"}, soon: []string{"heute", "morgen"},
		numbers: []string{"ein", "eine", "einen", "einem", "zwei", "drei", "vier", "funf", "sechs", "sieben", "acht", "neun",
			"zehn", "elf", "zwolf", "dreizehn", "vierzehn", "wenige", "paar"},
		units:      []string{"tag", "tage", "tagen", "stunde", "stunden", "woche", "wochen", "minuten"},
		leftBefore: []string{"noch", "verbleib*", "bleiben", "bleibt"}, leftAfter: []string{"ubrig", "verbleib*", "rest"},
		last: []string{"letzte*"}, ends: []string{"endet", "enden", "ende", "schliesst", "frist", "lauft"},
		until:       []string{"bis", "vor"},
		conditional: []string{"wenn", "wurde", "wurden", "konnte", "konnten", "falls"},
	},
	"fr": {
		thousand: []string{"mille", "k"}, million: []string{"million", "millions"},
		percent: []string{"pour cent"},
		goal:    []string{"objectif*", "atteindre", "atteint*", "reunir", "recolter", "but"},
		raised: []string{"recolte", "recoltes", "recoltee*", "reuni", "reunis", "reunie*", "recueilli*", "collecte*", "deja",
			"jusqu'ici", "donnes"},
		people: []string{"personnes", "lecteurs", "lectrices", "lecteur*", "abonne*", "gens", "voisins"},
		givers: []string{"donateur*", "donatrice*", "soutiens", "mecene*", "contributeur*", "contributrice*"},
		gives: []string{"donne*", "don", "dons", "soutenu*", "soutien*", "soutenez", "soutenir", "contribu*", "participe*",
			"rejoign*", "rejoint"},
		today: []string{"aujourd'hui"}, soon: []string{"aujourd'hui", "demain", "ce soir"},
		numbers: []string{"un", "une", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze",
			"treize", "quatorze", "quelques"},
		units:      []string{"jour", "jours", "heure", "heures", "semaine", "semaines", "minutes"},
		leftBefore: []string{"reste", "restent", "plus que", "encore"}, leftAfter: []string{"restants", "restantes"},
		last: []string{"dernier*"}, ends: []string{"termine", "finit", "fin", "ferme", "echeance", "s'acheve"},
		until:       []string{"jusqu'au", "jusqu'a", "jusque", "avant", "d'ici"},
		conditional: []string{"si", "pourrait", "pourrions", "imagine*"},
	},
	"uk": {
		thousand: []string{"тис", "тисяч*"}, million: []string{"млн", "мільйон*"},
		percent: []string{"відсот*", "процент*"},
		goal:    []string{"мет*", "ціл*", "досяг*", "зібрати"},
		raised:  []string{"зібра*", "зібран*", "надійшл*", "вже", "наразі", "отримал*", "пожертв*"},
		people:  []string{"люд*", "читач*", "передплатник*", "осіб", "особи", "сусід*"},
		givers:  []string{"жертводав*", "донор*", "доброчин*", "мецена*", "благодійник*", "прихильник*"},
		gives:   []string{"дал*", "дають", "внес*", "підтрим*", "жертв*", "пожертв*", "долуч*", "донат*", "приєдн*"},
		today:   []string{"сьогодні"}, soon: []string{"сьогодні", "завтра", "ввечері"},
		numbers: []string{"один", "одна", "одну", "два", "дві", "три", "чотири", "п'ять", "шість", "сім", "вісім", "дев'ять",
			"десять", "одинадцять", "дванадцять", "тринадцять", "чотирнадцять", "кілька"},
		units:      []string{"день", "дні", "днів", "дня", "годин*", "тиж*", "хвилин*", "доба", "доби", "діб"},
		leftBefore: []string{"залиш*", "лиш*", "ще"}, leftAfter: []string{"залиш*", "лиш*"},
		last: []string{"останн*"}, ends: []string{"закінч*", "заверш*", "кінець", "термін*", "дедлайн*", "трива*"},
		until:       []string{"до", "перед", "по"},
		conditional: []string{"якщо", "якби", "би", "уявіть"},
	},
	"ar": {
		thousand: []string{"ألف", "آلاف", "ألفا"}, million: []string{"مليون", "ملايين", "مليونا"},
		percent: []string{"بالمئة", "بالمائة", "في المئة", "في المائة"},
		goal:    []string{"هدف*", "بلوغ", "الوصول إلى", "جمع", "لجمع", "تحقيق"},
		raised:  []string{"جمعنا", "جمعت", "جمع", "جمعناه", "حتى الآن", "وصلنا", "تبرعات", "بلغت"},
		people: []string{"شخص", "شخصا", "أشخاص", "قارئ", "قارئا", "قارئة", "قراء", "القراء", "قرائنا", "مشترك*", "إنسان*",
			"الناس"},
		givers: []string{"داعم*", "متبرع*", "مساهم*", "مناصر*"},
		gives: []string{"تبرع*", "دعم*", "يدعم*", "تدعم*", "ساهم*", "يساهم*", "مساهم*", "أعط*", "انضم*", "قدم*", "يتبرع*",
			"شارك*"},
		today: []string{"اليوم"}, soon: []string{"اليوم", "غدا", "الليلة"},
		numbers: []string{"واحد", "واحدة", "ثلاثة", "ثلاث", "أربعة", "أربع", "خمسة", "خمس", "ستة", "ست", "سبعة", "سبع", "ثمانية",
			"ثماني", "تسعة", "تسع", "عشرة", "عشر", "بضعة", "بضع"},
		units: []string{"يوم", "يوما", "أيام", "ساعة", "ساعات", "أسبوع", "أسبوعا", "أسابيع", "دقائق"},
		pairs: []string{"يوم", "يومان", "يومين", "ساعة", "ساعتان", "ساعتين", "أسبوع", "أسبوعان", "أسبوعين"},
		leftBefore: []string{"بقي", "بقيت", "تبقى", "تبقت", "يتبق*", "تتبق*", "باق*", "الباقي*", "المتبق*", "أمامك*",
			"أمامنا"},
		leftAfter: []string{"متبق*", "باق*", "فقط"}, last: []string{"آخر", "أخير*"},
		ends: []string{"ينتهي", "تنتهي", "نهاية", "انتهاء", "موعد", "ختام"}, until: []string{"حتى", "قبل", "لغاية", "إلى"},
		conditional: []string{"لو", "إذا", "تخيل*"},
	},
}

// monthsToo are other names of months that people write in dates, January's at 0, beside those of the catalogue and, in
// English, their first three letters.
var monthsToo = map[string][12][]string{
	"en": {8: {"sept"}},
	"de": {0: {"jänner", "jan"}, 1: {"feber", "feb"}, 8: {"sept"}, 9: {"okt"}, 10: {"nov"}, 11: {"dez"}},
	"es": {8: {"setiembre", "sept"}, 11: {"dic"}},
	"uk": {
		{"січень"}, {"лютий"}, {"березень"}, {"квітень"}, {"травень"}, {"червень"}, {"липень"}, {"серпень"}, {"вересень"},
		{"жовтень"}, {"листопад"}, {"грудень"},
	},
	"ar": {
		{"كانون الثاني", "جانفي"}, {"شباط", "فيفري"}, {"آذار"}, {"نيسان", "أفريل", "ابريل"}, {"أيار", "ماي"},
		{"حزيران", "جوان"}, {"تموز", "جويلية"}, {"آب", "أوت"}, {"أيلول"}, {"تشرين الأول"}, {"تشرين الثاني"}, {"كانون الأول"},
	},
}
