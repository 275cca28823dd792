require ["fileinto", "enotify", "relational"];

# Filter: Subject is
if anyof (header :is "Subject" "Door bell") {
    notify :message "sievelib bell" "mailto:ops@phone.example";
}
# Filter: Wildcards
# Description: a sign, and a star that is one
if anyof (header :matches "Subject" "db? is down", header :matches "X-Stars" "five \\* stars*") {
    notify :message "sievelib wildcards" "mailto:ops@phone.example";
}
# Filter: Any header at all
if allof (header :matches "X-Any" "*", not header :is "X-Any" "") {
    notify :message "sievelib any" "mailto:ops@phone.example";
}
# Filter: Empty key
if header :contains "X-Empty" "" {
    notify :message "sievelib empty" "mailto:ops@phone.example";
}
# Filter: Parts of addresses
if anyof (address :localpart :contains "From" "night", address :domain :matches "From" "*.bank.example") {
    notify :message "sievelib parts" "mailto:ops@phone.example";
}
# Filter: Case of an address
if address :comparator "i;octet" :is "From" "Big@Case.example" {
    notify :message "sievelib case" "mailto:ops@phone.example";
}
# Filter: Not everything
if not anyof (header :contains "Subject" "a", header :contains "Subject" "e", size :under 700) {
    notify :message "sievelib neither" "mailto:ops@phone.example";
}
# Filter: No like
if header :value "gt" "Subject" "m" {
    notify :message "sievelib order" "mailto:ops@phone.example";
}
