# hint: value
def best_row(rows):
    return min(rows, key=lambda row: row["accuracy"])
