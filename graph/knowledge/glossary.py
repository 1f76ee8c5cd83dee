"""Common words of support pages in each language, so that a sentence can be seen to speak of a passage's subject.

It only tells that something is spoken of, never that it is said rightly. A row has the folded beginnings of the words.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from graph.knowledge.fold import fold

_LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt")
# ruff: noqa: E501 - a row is one subject
_ROWS = """
return,send back | ruckgab,rucksend,zuruckg,zurucks,retour | retour,renvo | devol,devuel | reso,resi,restitu | retour,terugst | devol
refund,money back | erstatt,ruckzahl | rembours | reembols | rimbors | terugbeta,terugbetaling | reembols
order,purchas,buy,bought | bestell,kauf,gekauf | command,achat,achet | pedid,compr | ordin,acquist | bestel,aankoop,koop | encomend,pedid,compr
cancel,terminat | kundig,stornier,abbestell | annul,resili | cancel,anul | annull,disdi,cancell | opzeg,annul | cancel,anul
ship,deliver,parcel | liefer,versand,versend,paket | livr,expedi,colis | envi,entreg,paquet | sped,consegn,pacco,pacchi | lever,verzend,pakket | envi,entreg,encomend
price,cost,fee,charg | preis,kost,gebuhr | prix,cout,frais | preci,cuest,cost,tarif | prezz,cost,tariff | prijs,kost,tarief | prec,cust,tax
pay,paid | zahl,bezahl,gezahl | pay,paie,paiement | pag | pag | beta | pag
invoice,bill | rechnung | factur | factur | fattur | factu,rekening | fatur
account | konto,konten,kontos | compte | cuenta | account,conto | account | conta
password,passcode | passwort,kennwort | mot de passe,mots de passe | contrasen | password | wachtwoord | senha,palavra-passe
sign in,log in,login | anmeld,einlogg,login | connex,connect,identif | iniciar ses,acced | acced,login | aanmeld,inlog | iniciar ses,entrar,login
delet,remov,eras | losch,geloscht,entfern | supprim,effac | elimin,borr | elimin,cancell | verwijder,wis | elimin,apag,exclu
open | offn,geoffn,offen | ouv | abr,abiert | apr,apert | open | abr,abert
clos | schliess,geschloss | ferm | cerr,cierr | chiu | sluit,geslot | fech,encerr
guarant,warrant | garanti,gewahr | garanti | garanti | garanzi | garanti | garanti
batter | batteri,akku | batteri,pile | bater,pila | batteri | batterij,accu | bater
repair,fix | reparier,reparatur | repar | repar | ripar | repar | repar
workshop,garage | werkstatt,garage,parkhaus | atelier,garage | taller,garaje | officin,garage | werkplaats,garage | oficina,garagem
park | park | parking,stationn | aparc,estacion | parch,sosta | parke | estacion
trailer | anhang | remorque | remolque | rimorchi | aanhang | reboque
car,vehicle | auto,fahrzeug,wagen | voiture,vehicul | coche,vehicul | auto,veicol,macchin | auto,voertuig | carro,veicul
permit,licen,ticket,pass | genehmig,ausweis,lizenz,ticket,karte | permis,licence,billet | permiso,licenc,entrada,billete | permess,licenz,bigliett | vergun,licent,kaart | licenc,bilhet,autoriza
valid | gultig,gilt,gelten | valable,valide | valid,vigent | valid | geldig,geldt | valid
item,article,goods,product | artikel,waren,produkt | article,produit | articul,product | articol,prodott | artikel,product | artig,produt
collect,pick-up,pick up | abhol | retrait,enlevement,collecte | recog | ritir | ophal,afhal | recolh,levant
customer,client | kund | client | client | client | klant | client
user | nutzer,benutzer | utilisat | usuari | utent | gebruiker | utilizador,usuari
data | daten | donnee | datos | dati | gegevens,data | dados
file,document | datei,dokument | fichier,document | archiv,document | file,document | bestand,document | ficheir,arquiv,document
backup | sicherung,backup | sauvegard | copia | backup,copi | back-up,backup | copia,backup
setting,option | einstellung | parametre,reglage,option | ajuste,configur | impostazion | instelling | defini,configur
upload | hochlad,hochgelad | televers,import | sub | caric | upload | carreg,envi
download | herunterlad,download | telecharg | descarg | scaric | download | descarreg,baix,transfer
export | export | export | export | esport | export | export
support,help | support,hilfe,kundendienst | assistance,support,aide | soporte,ayuda,asisten | assisten,supporto,aiuto | support,hulp,ondersteun | suporte,ajuda,apoio
phone,telephon,call | telefon,anruf | telephon,appel | telefon,llam | telefon,chiam | telefoon,bel | telefon,ligar
e-mail,email,mail | e-mail,email,mail | e-mail,email,courriel | correo,e-mail,email | e-mail,email,posta | e-mail,email,mail | e-mail,email,correio
address | adress | adress | direccion | indirizz | adres | endereco,morada
child,kids | kind | enfant | nin | bambin | kind | crianc
dog,pet | hund,haustier | chien,animal,animaux | perr,mascot,animal | cane,cani,animal | hond,huisdier | cao,caes,animal
member | mitglied | membre | miembro,socio | membr,soci | lid,leden | membro,socio
room | zimmer,raum | chambre,salle,piece | habitacion,sala | camer,stanz,sala | kamer,zaal | quarto,sala
book,reserv | buch,reserv | reserv | reserv | prenot | boek,reserv | reserv
shop,store | laden,geschaft,filiale | magasin,boutique | tienda | negozi | winkel | loja
office | buro | bureau | oficina | uffici | kantoor | escritorio
plan,subscri | tarif,abo,abonn | abonnement,forfait,offre | plan,suscrip | piano,abbonament | abonnement | plano,assinatur,subscri
update,upgrad | aktualisier,update | mise a jour,mises a jour | actualiz | aggiorn | update,bijwerk | atualiz
cook,cookie | cookie | cookie | cookie | cookie | cookie | cookie
store,keep,kept,sav | speicher,aufbewahr | stock,conserv | almacen,conserv,guard | conserv,memorizz | bewaar,opgeslag | armazen,guard,conserv
change,edit | ander,bearbeit | chang,modif | cambi,modific | cambi,modific | wijzig,verander | alter,mud,modific
unused,used,use | benutz,verwend,nutz | utilis | usa,utiliz | usa,utilizz | gebruik | usa,utiliz
send,sent | send,schick,gesend | envo | envi | invi | stuur,verstuur,verzond | envi
card | karte | carte | tarjeta | carta,carte | kaart | carta
key | schlussel | cle | llave | chiav | sleutel | chave
"""


@lru_cache(maxsize=8192)
def subjects(text: str, language: str) -> frozenset[int]:
    """Numbers of what a text speaks of, the same in every language; empty in a language that has no words here."""
    if language not in _LANGUAGES:
        return frozenset()
    folded = fold(text)
    return frozenset(number for number, pattern in _patterns(language).items() if pattern.search(folded))


@cache
def _patterns(language: str) -> Mapping[int, re.Pattern[str]]:
    column = _LANGUAGES.index(language)
    rows = [row.split("|")[column] for row in _ROWS.strip().splitlines()]
    return {
        number: re.compile("|".join(rf"\b{re.escape(stem.strip())}" for stem in row.split(",")))
        for number, row in enumerate(rows)
    }
