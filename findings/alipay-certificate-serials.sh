#!/usr/bin/env bash
# Alipay names a certificate by the MD5 of its issuer and its serial number. npm's alipay-sdk 4.14.0 and Go's smartwalle/alipay v3.2.29 agree on that name for
# a plain issuer, and disagree if the issuer has a comma or an e-mail address: the first joins the attributes as they are, the second takes what Go's
# crypto/x509 prints, which escapes the comma and writes the address as the hex of its ASN.1. A request names its certificate
# so, and an answer the one that signed it: with the wrong name neither is found.
# For us: mall/payment/alipay joins the attributes itself (certificate.go).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export GOFLAGS=-mod=mod GOWORK=off
made() { # made NAME SUBJECT
	openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -out "$1.crt" -subj "$2" -days 30 -set_serial 4711 2>/dev/null
}
made plain '/C=CN/O=Example/CN=Example CA'
made comma '/C=CN/O=Example, Inc./CN=Example CA'
made email '/C=CN/O=Example/CN=Example CA/emailAddress=ca@example.com'
npm init -y >/dev/null
npm install --no-audit --no-fund --ignore-scripts --loglevel=error alipay-sdk@4.14.0 >/dev/null
cat > names.mjs <<'E'
import { readFileSync } from 'node:fs';
import { getSN } from './node_modules/alipay-sdk/dist/esm/antcertutil.js';
for (const name of ['plain', 'comma', 'email']) console.log(name, getSN(readFileSync(name + '.crt')));
E
cat > main.go <<'E'
package main

import (
	"fmt"
	"net/url"
	"os"

	"github.com/smartwalle/alipay/v3"
)

func main() {
	key, err := os.ReadFile("app.key")
	if err != nil {
		panic(err)
	}
	for _, name := range []string{"plain", "comma", "email"} {
		client, err := alipay.New("2021000000000000", string(key), true)
		if err != nil {
			panic(err)
		}
		if err := client.LoadAppCertPublicKeyFromFile(name + ".crt"); err != nil {
			panic(err)
		}
		page := alipay.TradePagePay{}
		page.Subject, page.OutTradeNo, page.TotalAmount, page.ProductCode = "A", "1", "1.00", "FAST_INSTANT_TRADE_PAY"
		u, err := client.TradePagePay(page)
		if err != nil {
			panic(err)
		}
		q, err := url.ParseQuery(u.RawQuery)
		if err != nil {
			panic(err)
		}
		fmt.Println(name, q.Get("app_cert_sn"))
	}
}
E
openssl genrsa -out pkcs1.key 2048 2>/dev/null && openssl rsa -in pkcs1.key -traditional -out app.key 2>/dev/null
go mod init names 2>/dev/null
go get github.com/smartwalle/alipay/v3@v3.2.29 2>/dev/null
diff - <(join <(node names.mjs | sort) <(go run . | sort) | awk '{ print $1, $2 == $3 ? "agree" : "differ" }') <<'E'
comma differ
email differ
plain agree
E
echo 'alipay-sdk 4.14.0 and smartwalle/alipay v3.2.29 name a certificate differently if its issuer has a comma or an e-mail address'
