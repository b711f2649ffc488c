"""What a word with a dot in it may end in: the endings of file names, and top-level domains.

Not every top-level domain there is, but those that indicators are found under; a defanged name needs none of them.
Where a name could be either (`run.sh`, `update.zip`), the file is meant far more often.
"""

_FILES = """
7z ace apk appx arj asp aspx bat bin bz2 cab cer chm class cmd cpl cs css csv dat deb dll dmg dmp doc docm docx dot
dotm drv elf eml exe gz hta htm html ico img inf ini iqy iso jar jpeg jpg js jse json jsp key lnk log lzh md mdb mof
msc msg msi msix msp ocx odt one ovpn pcap pdb pdf pem pfx php pif pkg png potm ppam ppt pptm pptx ps1 psd1 psm1 py
pyc rar reg rpm rtf scf scr sct settingcontent-ms sh slk so sqlite sys tar tgz tmp txt url vb vbe vbs vbscript vhd
vhdx war wim wsc wsf wsh xla xlam xll xls xlsb xlsm xlsx xml xsl xz yaml yml zip
"""
_COUNTRIES = """
ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cc cd cf
cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gd ge gf gg
gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn
kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc
ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw qa re ro rs ru rw sa sb sc sd se sg si sk sl
sm sn sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu
wf ws ye yt za zm zw
"""
_OTHERS = """
academy aero agency app arpa art asia autos bar beauty best bet bid bio biz blog boats bond business buzz cafe cam
camp capital care cash casino cat center cfd chat city click cloud club codes com community company consulting coop
cyou date design dev digital direct directory download edu email energy engineer events exchange expert express family
fans finance fit foundation fun fund fyi gallery games global gmbh gold gov group guide guru hair health help homes
host hosting house icu immo inc info ink institute int international investments jobs kim land legal life link live
loan lol love ltd makeup market marketing media men mil mobi mom monster motorcycles museum name net network news
ninja one online ooo org page partners party photography pics plus post press pro productions promo properties pub
quest racing realty red rent rest review rip rocks run sale sbs science security services shop show singles site skin
social software solutions space store stream studio style support surf systems team tech technology tel tips today
tokyo tools top town toys trade trading training travel tube uno vacations ventures video vip webcam website wiki win
wine work works world wtf xxx xyz yachts zone
"""
_INSIDE = "onion local lan corp internal intranet home localdomain example test invalid"
"""Of networks of one's own, and reserved ones."""

FILE_ENDINGS = frozenset(_FILES.split())
TOP_LEVEL_DOMAINS = frozenset((*_COUNTRIES.split(), *_OTHERS.split(), *_INSIDE.split()))
