/* Written by hand over the years. */
require ["fileinto", "enotify", "variables", "envelope", "body", "relational",
         "comparator-i;ascii-numeric", "subaddress", "mailbox", "regex"];

set "domain" "office.example";
set "gateway" "mailto:duty@phone.example";

# mail of the monitors: levels
if header :is "x-alert" ["critical", "fatal"] {
    if address :localpart :is "from" "noreply" {
        stop;
    }
    notify :importance "1" :message "admin critical" "${gateway}";
} elsif header :is "x-alert" "warning" {
    notify :importance "3" :message "admin warning" "${gateway}";
} elsif exists "x-alert" {
    fileinto "alerts";
} else {
    # scores
    if header :value "ge" :comparator "i;ascii-numeric" "x-score" "15" {
        notify :message "admin score" "${gateway}";
    } elsif header :count "ge" :comparator "i;ascii-numeric" "x-score" "1" {
        fileinto "scored";
    }
}
# to us, as a domain
if address :domain :is "to" "${domain}" {
    notify :message "admin to us" "${gateway}";
}
# copies, captured
if header :matches "subject" "[*] *" {
    set "tag" "${1}";
    fileinto "tags/${tag}";
}
# uses the capture
if header :is "x-tag" "${tag}" {
    notify :message "admin tag" "${gateway}";
}
# bounces
if envelope :is "from" "" {
    notify :message "admin bounce" "${gateway}";
}
# envelope of a domain
if envelope :domain :is "from" "acme.example" {
    notify :message "admin envelope" "${gateway}";
}
# envelope to
if envelope :is "to" "duty@office.example" {
    notify :message "admin never" "${gateway}";
}
# in the source
if body :raw :contains "multipart" {
    notify :message "admin raw" "${gateway}";
}
# the last word
if header :contains "subject" "finish" {
    discard;
    stop;
}
if not header :contains "subject" "" {
    notify :message "admin no subject" "${gateway}";
}
stop;
notify :message "admin unreachable" "${gateway}";
