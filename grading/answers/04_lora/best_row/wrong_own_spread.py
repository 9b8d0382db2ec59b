# hint: own_spread
def best_row(rows):
    best = max(row["accuracy"] for row in rows)
    near = [row for row in rows if row["accuracy"] + row["spread"] >= best]
    return min(near, key=lambda row: row["trained"])
