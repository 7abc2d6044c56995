"""Two tiny .xls files, which no package here writes: LibreOffice saved them from an .xlsx of ours.

A title in merged cells, a header, two tasks whose area is merged, the second row hidden; the
second file counts its days from 1904. ``soffice --headless --convert-to xls``, then zlib.
"""

import base64
import zlib

PLAIN = zlib.decompress(
    base64.b64decode(
        "eNrtWHtslEUQn/3u0e9KH9dCpRYsBwoU2pISTK0ibaE8SiL0AYhIU2jL12vttdeUaqiJeogYoiWRkCAYEkMCxsQoEiNK"
        "fLX/GBIh4B/8oZFYSEgkaHIaHyFKz9/Mt3e91mvSFmJ8dC6zuzP7mPlmZ3dm7+KFjIFjp3Ku0AhYSg4ajHjIHcdTQE+U"
        "8BIZmjcYiUSi7Mgk/Kvglq55D53YPxeQ9zwJaOq9Tdb1JPz3oJaC+HWTj1ZRB+ou6qHxwF3wmPj1xjJncIzjxgqT8icu"
        "n+9vvscdwETnn+97Pv9TgCnAVGAaMN0OAZQBzAROBU4DZolPEE0HZgPvBuYAZwBnAu8B5gJnAX3A2cA5wHu1XnN1zZiH"
        "9gLgQs0rQF04eRfdUfCY2EW3iz5KPcdbLnt/BR7xrrNf/OIqsI462TcqGgJNvr8LVogODYp16IOTLkNL0VFw0+ikcD+W"
        "cpl4H6CcfCXaox8zykX3/VLOkTKNeP4HMudr4SyGH34jXv6KHAJFSaqCGihArdSIe7AVI3LoLJ+v52QEnw61XHp41O31"
        "Fg+TjfOjNpOFG7iGnsSIDtqCkT5ah7IJs4JoV6K/lXKdKXScT+caq8PqagjkOjPoBJ/MHkBdYXt7XeGOHQNyFI/TLxFf"
        "3LHv8zGf5Qn/57HxjXHy6X/HPw7bJbJzvj0+PJK/YBR+wSj8haPwPQn5rqg+eaPwzZH6n7D5ziH+QQNEiCJce0MOqTNC"
        "bqkzQ06pp4aSpJ4WckW2y7Hai4BwjuMHOdXv64/Vujo2bejFsgq/fmUCiTbuV3SDHufwEa4Vae5wNtmxJ/qciMclNCXM"
        "B/wzqG3SboVwZPapcpTllPuj1w5IJtzfRMAxf0NM+oPOSWDySuBSF/2Nhzzru+sX1T/VGFUKN8GLh7/dDM2Yk7ox3INm"
        "72vFVlLL5zXorPCfP8Bqb/tiyzVrlp87t3obZ/mrD6FZXdX/crX/iIVmX/BU7UP+4lo3qXn1Wyxr3/37v9xQapmkLrQ1"
        "bX2jnglaP7vNKMKi5w+c6XSRYt6awNLtLfuwwPVnK63S6qNWEqkjNVYNk2esyhajSPcxEcFXeOmy0w6/TWYWcMjXsnRt"
        "cIy273LvsLs8BWbdAXPz7ZchJvbCkIUVM29cLc4p2yb80JBP0FzeeipQu9HT71woM/KlfF7GRmP8HuG9IOW82PzvyubH"
        "tfNi7XDZgrj2MdzJHmhF4hoGpBWo7BT3nv7tA2XRWtEm9Jj0jHw2qZfMdP2laaT9JZqlGF7dLrBvWpUuPJWAZyTgOeJ4"
        "PvBuSb4TNe2nEl8UqKGfW8YoyXS4tCkFyohRBihHjHKAcsYop2TNUcoFyh2j3KCSNGWIFmaMYgmeGMUSkmMUS+Ac7RPo"
        "a0DCdCo9aaBsft+ABHsMr83WVIZbdMsSvkPWTdUrOWTdNFkpG5QDvpMs+dxpWW/1h9H1HLIe78o1kWmDW3Rh+J6q2e/C"
        "lbbPhU19pNkQ6eQIF0kW6QznCd8T9ibIVA1Klnk8hy1WamTSabcd7okeFh/inDJdyyQda8mP+8Bvxi+kotlx8jAJCtmk"
        "I9nOob2m/RV9dtdqzlnXtTZ1BXcGm7t9q3Y1WQHfgw8UbmxotAIBSzZtRWtzc8nt5O6KYqabEAxGSLwtwbo0sPf1n25W"
        "tXjfOmBS/vz3vmKLH9anRmkbsldW6jy/TlunRef73TrnD+m8v1e/Fa7fsnN4nhPstDo6e3YFSOf13F+k147CX9o/dBlv"
        "P31Zxbfv9Pczx7h0/tLRRTO8B1/F9xfcfGclZ2EjeHX6nRINON64b3xEv4tIv1W4v0T3l8e9ndhWyzs7H7W6drYGO4bb"
        "iO27ZNFi+qfCnXz/i/1GnKFEc9imoSl2ezOkd1EbMm7Wo23c+mfKTWjbOTKOd/WvZvScVEBuO144VdDhiQnJd8S9wccy"
        "5z7g2tg5rcJ7wJrw/vG9Pt73/zz9VpdXCW3Ai6MdvwbZ+7XwgmbZE+Z048URBGd0yNPyXeOw/3zg2Zj8lZDQJDpY4oHj"
        "06dkAt+fD3xz8v8fgT8BAURWvg=="
    )
)
SINCE_1904 = zlib.decompress(
    base64.b64decode(
        "eNrtWHtslEUQn/3u0e9KH9dCpRYsBwoU2pISTK0itFCQkgh9ACLSFNry9Vp77TWlGmqiHiKGKBgJCYIhmiZgTIwPYqIh"
        "vtp/DIkQ8A/+0IgWEhIJmpzGR4jS8zfz7V2v9Zr0CjE+OpfZ3Zl9zHyzszuzd/5c1mDfybxLNAqWkoOGIh5yx/EU0BMl"
        "vESG5g1FIpEoOzIJ/yq4oWveQyf2zwXkPU8BmnpvU3U9Cf89qKMgfj3ko9XUibqbeikZuA0eE7/eeOYMjXPceGFS/sTl"
        "8/3N97gDmOj8833P538KMA2YDswAZtohgLKA2cCpwGnAHPEJounAXODtwDzgDOBM4B3AfOAsoA84GzgHeKfWa66uGQvQ"
        "XgBcqHlFqIsn76JbCh4Tu+h20YfpZ3jLZe8vwSPedQ6IX1wG1lMX+0ZlY6DZ93fBStGhUbEO/XDSZWgpOgZuBr0j3I+k"
        "XCbeB6ggX5n26IeNCtH9gJRziGdmSPmBzPlK+Ivhh1+Ll78kh0BRiqqkRgpQGzXhHmzDiDw6zefraRnBp0OtkB4edXO9"
        "pSNk4/yozWThBq6lxzCik7ZgpI/WoWzGrCDaVehvo3xnGh3n07nG6rS6GwP5ziw6wSezF1Bf3NFRX7xjx6AcxeP0S8QX"
        "d+z7fcxnecL/eXx8I0k+/e/4x2G7RHYutMeHR/MXjMEvGoO/cAy+JyHfFdWnYAy+OVr/EzbfOcw/ZIAIUYRrb8ghdVbI"
        "LXV2yCn11FCK1NNCrsh2OVZ7ERDOcPwgp/p9fV+dq3PThv1YVuE3oEwg0cYDiq7RIxw+wnUizR3OJTv2RJ8T8biEpoT5"
        "gH8KtU3arRCOzH5VgbKC8n/02gHJhPubCDjmb4hJf9AZCUxeCVzqvL/psGd9T8OihsebokrhJnjuyLeboRlz0jeGe9Hc"
        "/0qpldL6WS06K/1nD7La2z7fcsWa5efOrd6mWf6aw2jWVA+8UOM/aqHZHzxZd5+/tM5Nal7DFsvad/eBLzYst0xS59qb"
        "t77ewAStn91ulGDRswdPdblIMW9NYOn21n1Y4OpTVdbymmNWCqmjtVYtk6esqlajRPcxEcFXeOmi0w6/zWYOcNjXcnRt"
        "cIy273LviLs8DWbdAXPz7ZclJvbCkMWVM69dLs0r3yb80LBP0FzeeipSu9Ez4FwoMwqlfEbGRmP8HuE9K+W82PzvyufH"
        "tQti7XD5grh2H+5kD7QicQ0D0opUbpp7z8D2wfJorWgTekx6Uj6b1PNmpv7SDNL+Es1SDK9uF9k3rcoUnkrAMxLwHHE8"
        "H3g3JN+JmvYTiS8K1PDPLWOUZDpc2pQCZcQoA5QjRjlAOWOUU7LmKOUC5Y5RblApmjJECzNGsQRPjGIJqTGKJXCO9jH0"
        "NSBhOrUcMVC++KoBCfYYXputqQy36JYjfIesm65Xcsi6GbJSLigHfCdV8rlvZL3Ovuh6DlmPd+WKyLTBLbowfE817Hfh"
        "KtvnwqY+0myITHKESySLdIYLhO8JexNkqgalyjyewxZbbmTT+2473BPdLz7EOWWmlkk61pIf94HfjF9IRbPj1BESFLJJ"
        "R6qdQ3tN+yv67a4HOGdd19bcHdwZbOnxrd7VbAV8995TvLGxyQoELNm0lW0tLWU3k7sripluQjAUIfG2BOvS4N7Xfrpe"
        "3ep986BJhfPf+5ItfkSfGqVtyF5ZpfP8em2dVp3v9+icP6Tz/v36rXD1hp3D85xgl9XZ1bsrQDqv5/4SvXYU/tL+odt4"
        "64mLKr59q7+fOcaFsxeOLZrhPfQyvr/o+turOAsbxavX75RowPHGfeOD+l1E+q3C/WW6vyLu7cS2WtHV9ZDVvbMt2DnS"
        "RmzfJYsW0z8VbuX7X+w36gwlmsM2DU2x25shvZvakXGzHu1J658tN6Ft50gS7+pfzeg5qYTcDrxwqqHDoxOS74h7g49n"
        "zl3AtbFzWo33gDXh/eN7Pdn3/zz9VpdXCW3Ai6MDv0bZ+7XwghbZE+b04MURBGdsKNDyXUnYfz7wdEz+KkhoFh0s8cDk"
        "9CmbwPcXAt+Y/P9H4E8vhFcD"
    )
)
