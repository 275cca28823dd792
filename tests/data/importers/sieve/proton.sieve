require ["include", "environment", "variables", "relational", "comparator-i;ascii-numeric", "spamtest", "fileinto", "imap4flags", "enotify"];

# Generated: Do not run this script on spam messages
if allof (environment :matches "vnd.proton.spam-threshold" "*", spamtest :value "ge" :comparator "i;ascii-numeric" "${1}") {
    return;
}

/**
 * @type or
 * @comparator contains
 */
if anyof (address :all :comparator "i;unicode-casemap" :contains "From" "school.example") {
    fileinto "School";
    notify :message "proton school" "mailto:anna@phone.example";
}

/**
 * @type and
 * @comparator starts
 * @comparator ends
 */
if allof (header :comparator "i;unicode-casemap" :matches "Subject" "Report*", address :all :comparator "i;unicode-casemap" :matches "From" "*@acme.example") {
    addflag "\\Flagged";
    keep;
}

/**
 * @type and
 * @comparator !is
 */
if allof (not header :comparator "i;unicode-casemap" :is "Subject" "Lunch", address :all :comparator "i;unicode-casemap" :is "To" "anna@office.example") {
    notify :message "proton not lunch" "mailto:anna@phone.example";
}
