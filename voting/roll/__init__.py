"""Who may vote: the signed voter roll and the list of those who voted on paper."""
