require ["fileinto","imap4flags","enotify","envelope"];
if anyof (header :contains ["subject"] "alarm") {
    notify :importance "1" :message "sogo alarm" "mailto:duty@phone.example";
}
if allof (header :contains ["from"] "bank.example", not header :contains ["subject"] "advertisement") {
    notify :message "sogo bank" "mailto:duty@phone.example";
}
if anyof (header :matches ["subject"] "*invoice*2026*") {
    notify :message "sogo invoice of this year" "mailto:duty@phone.example";
}
if anyof (header :is ["to", "cc"] "anna@office.example") {
    addflag ["\\Seen"];
    fileinto "INBOX/Mine";
}
if true {
    if header :contains ["subject"] "forward me" {
        redirect "anna@private.example";
    }
}
