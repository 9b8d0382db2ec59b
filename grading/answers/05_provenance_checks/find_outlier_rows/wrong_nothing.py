# hint: value
def find_outlier_rows(table, limit):
    return []
