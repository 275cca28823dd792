require ["relational", "comparator-i;ascii-numeric", "enotify"];
# eq
if header :value "eq" :comparator "i;ascii-numeric" "x-score" "7" { notify :message "eq 7" "mailto:n@phone.example"; }
# gt
if header :value "gt" :comparator "i;ascii-numeric" "x-score" "99" { notify :message "gt 99" "mailto:n@phone.example"; }
# ge
if header :value "ge" :comparator "i;ascii-numeric" "x-score" "120" { notify :message "ge 120" "mailto:n@phone.example"; }
# lt
if header :value "lt" :comparator "i;ascii-numeric" "x-score" "20" { notify :message "lt 20" "mailto:n@phone.example"; }
# le
if header :value "le" :comparator "i;ascii-numeric" "x-score" "105" { notify :message "le 105" "mailto:n@phone.example"; }
# ne
if header :value "ne" :comparator "i;ascii-numeric" "x-score" "0" { notify :message "ne 0" "mailto:n@phone.example"; }
# is
if header :is :comparator "i;ascii-numeric" "x-score" ["1", "12"] { notify :message "is 1 or 12" "mailto:n@phone.example"; }
# none
if header :count "eq" :comparator "i;ascii-numeric" "x-score" "0" { notify :message "no score" "mailto:n@phone.example"; }
# two
if header :count "ge" :comparator "i;ascii-numeric" "x-score" "2" { notify :message "two scores" "mailto:n@phone.example"; }
